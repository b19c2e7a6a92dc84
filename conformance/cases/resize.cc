// SPDX-License-Identifier: Apache-2.0
//
// Resize and its gradient: each output from the formulas of ONNX's text, neighbour by neighbour.
#include <cmath>
#include <string>

#include "cases/vision.h"
#include "suite/pairwise.h"

namespace tenon::conformance {
namespace {

struct Resizing {
  std::string mode = "nearest", transformation = "half_pixel", nearest = "round_prefer_floor";
  std::vector<float> scales = {};
  Shape sizes = {};
  std::string policy = "stretch";
  std::vector<float> roi = {};
  tn_dtype roi_type = TN_FLOAT32;
  std::vector<int64_t> axes = {};
  bool antialias = false, exclude_outside = false;
  float a = -0.75f, extrapolation = 0;
};

// One axis: what it is scaled by, and how long that makes it.
struct Axis {
  int64_t in, out;
  Real scale, length, start = 0, end = 1;
  bool resized = true;
};

struct Neighbour {
  int64_t index;
  Number weight;
};

std::vector<Axis> axes_of(const Resizing& r, const Shape& dims) {
  std::vector<Axis> all;
  for (const int64_t dim : dims) all.push_back({dim, dim, 1, Real(dim), 0, 1, false});
  std::vector<int64_t> axes = r.axes;
  if (axes.empty())
    for (size_t d = 0; d < dims.size(); ++d) axes.push_back(static_cast<int64_t>(d));
  Real least = INFINITY, most = 0;
  for (size_t i = 0; i < axes.size() && r.scales.empty(); ++i) {
    const Real one = Real(r.sizes[i]) / Real(dims[static_cast<size_t>(axes[i])]);
    least = std::fmin(least, one), most = std::fmax(most, one);
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    Axis& axis = all[static_cast<size_t>(axes[i])];
    axis.resized = true;
    if (!r.scales.empty()) {
      axis.scale = r.scales[i];
      axis.out = static_cast<int64_t>(std::floor(static_cast<float>(axis.in) * r.scales[i]));
    } else if (r.policy == "stretch") {
      axis.out = r.sizes[i];
      axis.scale = Real(axis.out) / Real(axis.in);
    } else {
      axis.scale = r.policy == "not_larger" ? least : most;
      axis.out = static_cast<int64_t>(std::floor(axis.scale * Real(axis.in) + 0.5L));
    }
    axis.length = axis.scale * Real(axis.in);
    if (r.roi.empty()) continue;
    axis.start = r.roi[i];
    axis.end = r.roi[i + axes.size()];
  }
  return all;
}

Number position(const Resizing& r, const Axis& axis, int64_t at) {
  const Number x = Real(at);
  const Number half = (x + 0.5L) / axis.scale - 0.5L;
  const Real last = Real(axis.in - 1);
  if (r.transformation == "align_corners")
    return axis.length > 1 ? x * last / (axis.length - 1) : Number(0);
  if (r.transformation == "asymmetric") return x / axis.scale;
  if (r.transformation == "pytorch_half_pixel") return axis.length > 1 ? half : Number(0);
  if (r.transformation == "tf_half_pixel_for_nn") return (x + 0.5L) / axis.scale;
  if (r.transformation == "half_pixel_symmetric")
    return Number(Real(axis.in) / 2 * (1 - Real(axis.out) / axis.length)) + half;
  if (r.transformation == "tf_crop_and_resize") {
    if (!(axis.length > 1)) return 0.5L * (axis.start + axis.end) * last;
    return Number(axis.start) * last + x * (axis.end - axis.start) * last / (axis.length - 1);
  }
  return half;
}

int64_t nearest_index(const Resizing& r, Real at) {
  at = static_cast<float>(at);
  if (r.nearest == "floor") return static_cast<int64_t>(std::floor(at));
  if (r.nearest == "ceil") return static_cast<int64_t>(std::ceil(at));
  const Real down = std::floor(at), up = down + 1;
  const Real nearer = at - down - (up - at);
  const bool takes_down = nearer < 0 || (nearer == 0 && r.nearest == "round_prefer_floor");
  return static_cast<int64_t>(takes_down ? down : up);
}

// Those of one output along one axis; none where it lies outside of what is cropped.
std::vector<Neighbour> neighbours(const Resizing& r, const Axis& axis, int64_t x) {
  if (!axis.resized) return {{x, Number(1)}};
  const Number at = position(r, axis, x);
  const auto inside = [&](int64_t i) { return std::min(std::max<int64_t>(i, 0), axis.in - 1); };
  const Real rounded = static_cast<float>(at.value);
  if (r.transformation == "tf_crop_and_resize" && (rounded < 0 || rounded > Real(axis.in - 1)))
    return {};
  if (r.mode == "nearest") return {{inside(nearest_index(r, at.value)), Number(1)}};
  const Real stretch = r.antialias && axis.scale < 1 ? axis.scale : 1;
  const Real reach = (r.mode == "cubic" ? 2 : 1) / stretch;
  std::vector<Neighbour> found;
  Number total;
  for (auto i = static_cast<int64_t>(std::floor(at.value - reach)); Real(i) <= at.value + reach;
       ++i) {
    const Number distance = (Number(Real(i)) - at) * stretch;
    Number weight = cubic_weight(distance, r.a);
    if (r.mode == "linear") {
      const Number magnitude = distance.value < 0 ? -distance : distance;
      weight = magnitude.value <= 1 ? Number(1) - magnitude : Number(0);
    }
    if (r.exclude_outside && i != inside(i)) weight = 0;
    if (weight.value == 0 && weight.condition == 0) continue;
    total = total + weight;
    found.push_back({inside(i), weight});
  }
  if (r.antialias || r.exclude_outside)
    for (Neighbour& one : found) one.weight = one.weight / total;
  return found;
}

// Calls body(index of the input, weight) for all neighbours of an output; false where it has none.
template <class Body>
bool for_each_neighbour(const Resizing& r, const std::vector<Axis>& axes, const Shape& y,
                        Body&& body) {
  std::vector<std::vector<Neighbour>> along;
  Shape counts;
  for (size_t d = 0; d < y.size(); ++d) {
    along.push_back(neighbours(r, axes[d], y[d]));
    counts.push_back(static_cast<int64_t>(along.back().size()));
  }
  bool any = false;
  for_each_index(counts, [&](const Shape& which) {
    Shape at = y;
    Number weight = 1;
    for (size_t d = 0; d < y.size(); ++d) {
      const Neighbour& one = along[d][static_cast<size_t>(which[d])];
      at[d] = one.index;
      if (one.weight.value != 1 || one.weight.condition != 0) weight = weight * one.weight;
    }
    any = true;
    body(at, weight);
  });
  return any;
}

OperatorCase describe(const char* domain, const char* name, const std::string& label, tn_dtype type,
                      const Resizing& r) {
  OperatorCase c{domain, name, label, type};
  c.attribute("mode", r.mode).attribute("coordinate_transformation_mode", r.transformation);
  if (r.mode == "nearest") c.attribute("nearest_mode", r.nearest);
  if (r.mode == "cubic" && r.a != -0.75f) c.attribute("cubic_coeff_a", r.a);
  if (r.antialias) c.attribute("antialias", int64_t{1});
  if (r.exclude_outside) c.attribute("exclude_outside", int64_t{1});
  return c;
}

HostTensor floats(const std::vector<float>& values) {
  return HostTensor(TN_FLOAT32, {static_cast<int64_t>(values.size())},
                    Values(values.begin(), values.end()));
}

void add(Cases& cases, const std::string& label, const HostTensor& x, const Resizing& r) {
  const std::vector<Axis> axes = axes_of(r, x.dims);
  Shape dims;
  for (const Axis& axis : axes) dims.push_back(axis.out);
  Expected y(x.dtype, dims);
  for_each_index(dims, [&](const Shape& i) {
    Sum sum;
    Number only;
    const bool any = for_each_neighbour(r, axes, i, [&](const Shape& at, const Number& weight) {
      only = x.at(at);
      if (weight.value != 0) {
        sum.add(weight * only);
      } else if (std::isfinite(only.value)) {  // Other numbers have no influence.
        sum.add(Number(0, weight.condition * std::fabs(only.value)));
      }
    });
    y.at(i) = any ? clamped_whole(x.dtype, r.mode == "nearest" ? only : sum.total())
                  : Number(r.extrapolation);
  });
  OperatorCase c = describe("", "Resize", label, x.dtype, r);
  if (!r.axes.empty()) c.attribute("axes", r.axes);
  if (r.policy != "stretch") c.attribute("keep_aspect_ratio_policy", r.policy);
  if (r.extrapolation != 0) c.attribute("extrapolation_value", r.extrapolation);
  c.in(x);
  r.roi.empty() ? c.absent()
                : c.host(HostTensor(r.roi_type, {static_cast<int64_t>(r.roi.size())},
                                    Values(r.roi.begin(), r.roi.end())));
  if (r.scales.empty()) {
    c.absent().host(HostTensor(TN_INT64, {static_cast<int64_t>(r.sizes.size())},
                               Values(r.sizes.begin(), r.sizes.end())));
  } else {
    c.host(floats(r.scales));
  }
  cases.push_back(c.out(y));
}

void add_gradient(Cases& cases, const std::string& label, tn_dtype type, const Shape& x_dims,
                  const Resizing& r) {
  const std::vector<Axis> axes = axes_of(r, x_dims);
  Shape dims;
  for (const Axis& axis : axes) dims.push_back(axis.out);
  const HostTensor dy = HostTensor::random(type, dims, -3, 3, 1);
  Grid<Sum> sums{type, x_dims, {}};
  sums.values.resize(static_cast<size_t>(element_count(x_dims)));
  for_each_index(dims, [&](const Shape& i) {
    for_each_neighbour(r, axes, i, [&](const Shape& at, const Number& weight) {
      if (weight.value == 0) return;
      sums.at(at).add(weight.value == 1 ? Number(dy.at(i)) : weight * dy.at(i));
    });
  });
  Expected dx(type, x_dims);
  for (size_t i = 0; i < dx.values.size(); ++i) dx.values[i] = sums.values[i].total_in_sequence();
  OperatorCase c = describe("tenon", "ResizeGrad", label, type, r);
  c.in(dy);
  if (!r.scales.empty()) c.host(floats(r.scales));
  cases.push_back(c.out(dx));
}

Resizing nearest(const char* transformation, const char* rounding) {
  Resizing r;
  r.transformation = transformation;
  r.nearest = rounding;
  return r;
}
Resizing weighed(const char* mode, const char* transformation) {
  Resizing r;
  r.mode = mode;
  r.transformation = transformation;
  return r;
}
Resizing by_scales(Resizing r, std::vector<float> scales) {
  r.scales = std::move(scales);
  return r;
}
Resizing by_sizes(Resizing r, Shape sizes) {
  r.sizes = std::move(sizes);
  return r;
}

void add_nearest_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims) {
    return HostTensor::random(type, std::move(dims), -9, 9, 1);
  };
  add(cases, "nearest_twice", values({1, 2, 3, 4}),
      by_scales(nearest("asymmetric", "floor"), {1, 1, 2, 2}));
  add(cases, "nearest_sizes", values({1, 2, 5, 4}),
      by_sizes(nearest("half_pixel", "round_prefer_floor"), {1, 2, 7, 9}));
  // Halves, where the modes differ.
  add(cases, "nearest_ceil_at_halves", values({2, 6}),
      by_scales(nearest("half_pixel", "round_prefer_ceil"), {1, 0.5f}));
  add(cases, "nearest_floor_at_halves", values({2, 6}),
      by_scales(nearest("half_pixel", "round_prefer_floor"), {1, 0.5f}));
  // 3 / 0.6 is 5, although the number 0.6 is rounded.
  add(cases, "nearest_rounded_scale", values({10}),
      by_scales(nearest("asymmetric", "floor"), {0.6f}));
  add(cases, "nearest_ceil", values({1, 1, 4, 6}),
      by_scales(nearest("asymmetric", "ceil"), {1, 1, 0.6f, 0.7f}));
  add(cases, "nearest_corners", values({1, 1, 4, 3}),
      by_sizes(nearest("align_corners", "floor"), {1, 1, 8, 8}));
  Resizing some = nearest("half_pixel", "round_prefer_floor");
  some.axes = {3, 1};
  add(cases, "nearest_axes", values({2, 3, 2, 4}), by_scales(some, {1.5f, 2.4f}));
  Resizing crop = nearest("tf_crop_and_resize", "round_prefer_floor");
  crop.roi = {0, 0, 0.375f, -0.25f, 1, 1, 0.625f, 1.2f};
  crop.extrapolation = static_cast<float>(varied(7, 5));
  if (type != TN_BOOL && !is_complex(type))
    add(cases, "nearest_crop", values({1, 1, 4, 5}), by_sizes(crop, {1, 1, 3, 6}));
  if (type == TN_FLOAT32) {
    crop.roi.back() = 1.25f;  // Which a float16 has, too.
    for (const tn_dtype roi : {TN_FLOAT16, TN_FLOAT64}) {
      crop.roi_type = roi;
      add(cases, std::string("nearest_crop_") + dtype_name(roi), values({1, 1, 4, 5}),
          by_sizes(crop, {1, 1, 3, 6}));
    }
  }
  add(cases, "nearest_for_nn", values({1, 1, 4, 5}),
      by_sizes(nearest("tf_half_pixel_for_nn", "floor"), {1, 1, 7, 3}));
  add(cases, "nearest_long", values({2, 4099}),
      by_scales(nearest("asymmetric", "floor"), {1, 0.5f}));
  Resizing keeps = nearest("half_pixel", "round_prefer_floor");
  keeps.axes = {1, 2};
  keeps.policy = "not_larger";
  add(cases, "nearest_not_larger", values({2, 3, 4}), by_sizes(keeps, {7, 8}));
  keeps.policy = "not_smaller";
  add(cases, "nearest_not_smaller", values({2, 3, 4}), by_sizes(keeps, {7, 8}));
  add(cases, "nearest_empty", HostTensor(type, {0, 3}),
      by_scales(nearest("asymmetric", "floor"), {1, 2}));
  add(cases, "nearest_expanded", values({2, 3, 4}).expanded({1}),
      by_scales(nearest("asymmetric", "floor"), {1, 2, 2}));
}

// Weights that are exact in few bits, for integers.
void add_exact_cases(Cases& cases, tn_dtype type) {
  const HostTensor x = HostTensor::random(type, {1, 2, 3, 4}, -90, 90, 1);
  add(cases, "linear_twice", x, by_scales(weighed("linear", "half_pixel"), {1, 1, 2, 2}));
  add(cases, "linear_half", x, by_scales(weighed("linear", "half_pixel"), {1, 1, 1, 0.5f}));
  add(cases, "cubic_twice", x, by_scales(weighed("cubic", "half_pixel"), {1, 1, 2, 2}));
  // Steps between the least and the most: what goes beyond is clamped.
  HostTensor steps(type, {8});
  for (size_t i = 0; i < 8; ++i) {
    const Real far = Real(int64_t{1} << 40);
    steps.values[i] = i % 4 < 2 ? std::fmax(least_of(type), -far) : std::fmin(most_of(type), far);
  }
  add(cases, "cubic_steps", steps, by_scales(weighed("cubic", "asymmetric"), {2}));
}

void add_float_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims) {
    return HostTensor::random(type, std::move(dims), -3, 3, 1);
  };
  const HostTensor x = values({1, 2, 5, 4});
  add(cases, "linear", x, by_sizes(weighed("linear", "half_pixel"), {1, 2, 8, 7}));
  add(cases, "linear_corners", x,
      by_scales(weighed("linear", "align_corners"), {1, 1, 0.6f, 2.4f}));
  add(cases, "linear_symmetric", x,
      by_scales(weighed("linear", "half_pixel_symmetric"), {1, 1, 2.3f, 0.7f}));
  add(cases, "linear_pytorch", x, by_sizes(weighed("linear", "pytorch_half_pixel"), {1, 2, 1, 7}));
  add(cases, "cubic", x, by_sizes(weighed("cubic", "half_pixel"), {1, 2, 8, 7}));
  add(cases, "cubic_pytorch", x, by_sizes(weighed("cubic", "pytorch_half_pixel"), {1, 2, 1, 7}));
  Resizing excludes = weighed("cubic", "asymmetric");
  excludes.exclude_outside = true;
  excludes.a = -0.5f;
  add(cases, "cubic_excludes", x, by_scales(excludes, {1, 1, 1.7f, 0.8f}));
  for (const char* mode : {"linear", "cubic"}) {
    Resizing smooth = weighed(mode, "half_pixel");
    smooth.antialias = true;
    add(cases, std::string(mode) + "_antialias", values({1, 1, 9, 11}),
        by_scales(smooth, {1, 1, 0.3f, 1.4f}));
    smooth.exclude_outside = true;
    add(cases, std::string(mode) + "_antialias_excludes", values({1, 1, 9, 11}),
        by_sizes(smooth, {1, 1, 2, 4}));
  }
  Resizing crop = weighed("linear", "tf_crop_and_resize");
  crop.axes = {2, 3};
  crop.roi = {0.375f, -0.25f, 0.625f, 1.2f};
  crop.extrapolation = 10;
  add(cases, "linear_crop", x, by_sizes(crop, {3, 6}));
  crop.mode = "cubic";
  add(cases, "cubic_crop", x, by_sizes(crop, {3, 1}));
  Resizing keeps = weighed("linear", "half_pixel");
  keeps.axes = {2, 3};
  keeps.policy = "not_larger";
  add(cases, "linear_not_larger", x, by_sizes(keeps, {7, 7}));
  add(cases, "linear_1d", values({3, 17}), by_scales(weighed("linear", "half_pixel"), {1, 1.3f}));
  add(cases, "linear_3d", values({1, 2, 3, 2, 4}),
      by_sizes(weighed("linear", "half_pixel"), {1, 2, 4, 5, 3}));
  // All axes at once, and the batch alone.
  add(cases, "linear_all", values({2, 3, 4}),
      by_scales(weighed("linear", "asymmetric"), {2, 1.5f, 0.6f}));
  add(cases, "linear_long", values({1, 1, 3, 1500}),
      by_scales(weighed("linear", "half_pixel"), {1, 1, 2, 0.7f}));
  HostTensor special = values({1, 1, 4, 4});
  special.values[5] = NAN, special.values[11] = INFINITY;
  add(cases, "linear_special", special, by_scales(weighed("linear", "asymmetric"), {1, 1, 2, 2}));
}

void add_pairs(Cases& cases, tn_dtype type) {
  const HostTensor x = HostTensor::random(type, {1, 2, 5, 4}, -3, 3, 1);
  const char* const transformations[] = {"half_pixel", "align_corners", "asymmetric",
                                         "pytorch_half_pixel", "half_pixel_symmetric"};
  const std::vector<float> scales[] = {{1.6f, 2}, {0.7f, 0.6f}};
  for (const auto& row : pairwise({2, 5, 2, 2, 3, 2})) {
    Resizing r = weighed(row[0] == 0 ? "linear" : "cubic", transformations[row[1]]);
    r.antialias = row[2] == 1;
    r.exclude_outside = row[3] == 1;
    if (row[5] == 1) r.a = -0.5f;
    r.axes = {2, 3};
    r = row[4] == 2 ? by_sizes(r, {3, 7}) : by_scales(r, scales[row[4]]);
    add(cases, pairs_label(row), x, r);
  }
}

void add_gradient_cases_of_resize(Cases& cases, tn_dtype type) {
  const Shape x{1, 2, 5, 4};
  add_gradient(cases, "nearest", type, x, by_sizes(nearest("asymmetric", "floor"), {1, 2, 12, 6}));
  add_gradient(cases, "nearest_down", type, x,
               by_scales(nearest("half_pixel", "round_prefer_floor"), {1, 1, 0.7f, 0.5f}));
  add_gradient(cases, "linear", type, x, by_sizes(weighed("linear", "half_pixel"), {1, 2, 8, 7}));
  add_gradient(cases, "linear_corners", type, x,
               by_sizes(weighed("linear", "align_corners"), {1, 2, 3, 9}));
  add_gradient(cases, "cubic", type, x, by_scales(weighed("cubic", "half_pixel"), {1, 1, 1.6f, 2}));
  Resizing smooth = weighed("linear", "half_pixel");
  smooth.antialias = smooth.exclude_outside = true;
  add_gradient(cases, "linear_antialias", type, {1, 1, 9, 11}, by_sizes(smooth, {1, 1, 4, 5}));
  smooth.mode = "cubic";
  smooth.a = -0.5f;
  add_gradient(cases, "cubic_antialias", type, {1, 1, 9, 11}, by_sizes(smooth, {1, 1, 4, 5}));
  add_gradient(cases, "linear_3d", type, {1, 2, 3, 2, 4},
               by_sizes(weighed("linear", "half_pixel"), {1, 2, 4, 5, 3}));
  add_gradient(cases, "linear_1d", type, {2, 3, 50},
               by_sizes(weighed("linear", "half_pixel"), {2, 3, 4103}));
  add_gradient(cases, "nothing", type, {2, 3, 4},
               by_sizes(weighed("linear", "half_pixel"), {2, 3, 4}));
}

}  // namespace

void add_resize_cases(Cases& cases, tn_dtype type) {
  if (takes("", "Resize", type)) {
    add_nearest_cases(cases, type);
    if (is_integer(type)) add_exact_cases(cases, type);
    if (is_float(type)) add_float_cases(cases, type);
    if (is_float(type)) add_pairs(cases, type);
  }
  if (takes("tenon", "ResizeGrad", type)) add_gradient_cases_of_resize(cases, type);
}

}  // namespace tenon::conformance
