// SPDX-License-Identifier: Apache-2.0
//
// Moving, repeating, selecting, of every type that has elements.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(tn_dtype type, Shape dims, uint32_t seed) {
  return HostTensor::random(type, std::move(dims), -3, 3, seed);
}
HostTensor list(Values values, tn_dtype dtype = TN_INT64) {
  const int64_t count = static_cast<int64_t>(values.size());
  return HostTensor(dtype, {count}, std::move(values));
}

// ---- Concat ----

void add_concat(Cases& cases, const char* label, const std::vector<HostTensor>& inputs,
                int64_t axis) {
  const tn_dtype type = inputs[0].dtype;
  const size_t a =
      static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(inputs[0].dims.size()) : axis);
  Shape dims = inputs[0].dims;
  dims[a] = 0;
  for (const HostTensor& one : inputs) dims[a] += one.dims[a];
  HostTensor y(type, dims);
  int64_t begin = 0;
  OperatorCase c{"", "Concat", label, type};
  for (const HostTensor& one : inputs) {
    for_each_index(one.dims, [&](Shape i) {
      const Real value = one.at(i);
      i[a] += begin;
      y.at(i) = value;
    });
    begin += one.dims[a];
    c.in(one);
  }
  cases.push_back(c.attribute("axis", axis).out(y));
}

void add_concat_cases(Cases& cases, tn_dtype type) {
  const HostTensor a = random(type, {2, 3, 4}, 1), b = random(type, {2, 1, 4}, 2),
                   c = random(type, {2, 2, 4}, 3);
  add_concat(cases, "three", {a, b, c}, 1);
  add_concat(cases, "last", {a, random(type, {2, 3, 2}, 4)}, -1);
  add_concat(cases, "first", {a, random(type, {1, 3, 4}, 4)}, 0);
  add_concat(cases, "long", {random(type, {4099}, 1), random(type, {17}, 2)}, 0);
  add_concat(cases, "one", {a}, 1);
  add_concat(cases, "expanded", {a.expanded({0}), random(type, {2, 3, 4}, 5).expanded({1, 2})}, 1);
  add_concat(cases, "empty", {a, random(type, {2, 0, 4}, 5)}, 1);
  add_concat(cases, "many", std::vector<HostTensor>(9, random(type, {3, 2}, 6)), 1);
}

// ---- Pad ----

struct Padding {
  Shape before, after;
};

// Where a position of the output is in a row of the input; -1: nowhere.
int64_t inside(int64_t i, int64_t size, const std::string& mode) {
  if (i >= 0 && i < size) return i;
  if (mode == "constant") return -1;
  if (mode == "edge") return std::clamp<int64_t>(i, 0, size - 1);
  if (mode == "wrap") return (i % size + size) % size;
  return i < 0 ? -i : 2 * (size - 1) - i;
}

struct PadOptions {
  Shape axes = {};  // All.
  tn_dtype axes_type = TN_INT64;
  bool value = false;
};

void add_pad(Cases& cases, const std::string& label, const HostTensor& x, const Padding& pads,
             const std::string& mode, const PadOptions& options = {}) {
  const Real filler = options.value ? varied(1, 2) : 0;
  Shape dims = x.dims;
  std::vector<int64_t> before(dims.size()), after(dims.size());
  for (size_t i = 0; i < pads.before.size(); ++i) {
    const size_t axis = options.axes.empty()
                            ? i
                            : static_cast<size_t>(options.axes[i] +
                                                  (options.axes[i] < 0 ? int64_t(dims.size()) : 0));
    before[axis] = pads.before[i], after[axis] = pads.after[i];
  }
  for (size_t i = 0; i < dims.size(); ++i) dims[i] += before[i] + after[i];
  HostTensor y(x.dtype, dims);
  for_each_index(dims, [&](const Shape& i) {
    Shape from = i;
    bool there = true;
    for (size_t d = 0; d < i.size(); ++d) {
      from[d] = inside(i[d] - before[d], x.dims[d], mode);
      there = there && from[d] >= 0;
    }
    y.at(i) = there ? x.at(from) : filler;
  });
  Values given(pads.before.begin(), pads.before.end());
  given.insert(given.end(), pads.after.begin(), pads.after.end());
  OperatorCase c{"", "Pad", label, x.dtype};
  c.in(x).host(list(given));
  if (options.value) c.host(HostTensor::scalar(x.dtype, filler));
  if (!options.axes.empty()) {
    if (!options.value) c.absent();
    c.host(list(Values(options.axes.begin(), options.axes.end()), options.axes_type));
  }
  cases.push_back(c.attribute("mode", mode).out(y));
}

void add_pad_cases(Cases& cases, tn_dtype type) {
  const HostTensor x = random(type, {3, 4}, 1), cube = random(type, {2, 3, 4}, 2);
  add_pad(cases, "constant", x, {{1, 2}, {0, 1}}, "constant", {.value = true});
  add_pad(cases, "edge", cube, {{1, 2, 0}, {0, 1, 3}}, "edge");
  add_pad(cases, "reflect", cube, {{1, 2, 0}, {0, 1, 3}}, "reflect");
  add_pad(cases, "wrap", cube, {{1, 2, 0}, {0, 1, 3}}, "wrap");
  add_pad(cases, "zeros", cube, {{1, 0, 2}, {2, 1, 0}}, "constant");
  add_pad(cases, "axes", cube, {{1, 2}, {2, 0}}, "constant", {.axes = {-1, 0}, .value = true});
  add_pad(cases, "axes_int32", cube, {{1}, {2}}, "edge", {.axes = {1}, .axes_type = TN_INT32});
  add_pad(cases, "cropped", cube, {{-1, 0, 1}, {0, -1, -2}}, "constant", {.value = true});
  add_pad(cases, "long", random(type, {4099}, 1), {{3}, {14}}, "constant", {.value = true});
  add_pad(cases, "empty", random(type, {2, 0}, 1), {{1, 2}, {0, 1}}, "constant", {.value = true});
  add_pad(cases, "expanded", cube.expanded({1}), {{1, 0, 2}, {0, 1, 1}}, "constant",
          {.value = true});
}

// ---- Trilu, Tile, OneHot ----

void add_trilu(Cases& cases, const std::string& label, const HostTensor& x, bool upper, int64_t k) {
  HostTensor y = x;
  y.repeated.clear();
  const size_t rank = x.dims.size();
  for_each_index(x.dims, [&](const Shape& i) {
    const int64_t row = i[rank - 2] + k, column = i[rank - 1];
    if (upper ? column < row : column > row) y.at(i) = 0;
  });
  OperatorCase c{"", "Trilu", label, x.dtype};
  c.in(x);
  if (k != 0) c.host(HostTensor::scalar(TN_INT64, static_cast<Real>(k)));
  cases.push_back(c.attribute("upper", int64_t{upper}).out(y));
}

void add_trilu_cases(Cases& cases, tn_dtype type) {
  add_trilu(cases, "upper", random(type, {2, 4, 5}, 1), true, varied(1, 2));
  add_trilu(cases, "lower", random(type, {2, 4, 5}, 1), false, varied(-1, -2));
  add_trilu(cases, "no_k", random(type, {5, 4}, 1), false, 0);
  add_trilu(cases, "far", random(type, {3, 3}, 1), true, 9);
  add_trilu(cases, "wide", random(type, {2, 4099}, 1), true, 17);
  add_trilu(cases, "expanded", random(type, {2, 4, 5}, 1).expanded({0, 1}), true, 1);
  add_trilu(cases, "empty", random(type, {2, 0, 5}, 1), true, 1);
  add_trilu(cases, "tail", random(type, {17, 65}, 1), false, 3);
}

void add_tile(Cases& cases, const char* label, const HostTensor& x, const Shape& repeats) {
  Shape dims = x.dims;
  for (size_t i = 0; i < dims.size(); ++i) dims[i] *= repeats[i];
  HostTensor y(x.dtype, dims);
  for_each_index(dims, [&](const Shape& i) {
    Shape from = i;
    for (size_t d = 0; d < i.size(); ++d) from[d] %= x.dims[d];
    y.at(i) = x.at(from);
  });
  cases.push_back(OperatorCase{"", "Tile", label, x.dtype}
                      .in(x)
                      .host(list(Values(repeats.begin(), repeats.end())))
                      .out(y));
}

void add_tile_cases(Cases& cases, tn_dtype type) {
  add_tile(cases, "values", random(type, {2, 3}, 1), {2, 3});
  add_tile(cases, "cube", random(type, {2, 3, 4}, 1), {1, 2, 3});
  add_tile(cases, "long", random(type, {17}, 1), {257});
  add_tile(cases, "once", random(type, {2, 3}, 1), {1, 1});
  add_tile(cases, "none", random(type, {2, 3}, 1), {0, 1});
  add_tile(cases, "expanded", random(type, {2, 3}, 1).expanded({0}), {2, 2});
  add_tile(cases, "scalar", random(type, {}, 1), {});
}

struct HotOptions {
  int64_t axis = -1;
  tn_dtype depth = TN_INT64;
};

void add_one_hot(Cases& cases, const std::string& label, tn_dtype type, const HostTensor& classes,
                 const HotOptions& options = {}) {
  constexpr int64_t kDepth = 3;
  const auto rank = static_cast<int64_t>(classes.dims.size());
  const size_t axis =
      static_cast<size_t>(options.axis < 0 ? options.axis + rank + 1 : options.axis);
  Shape dims = classes.dims;
  dims.insert(dims.begin() + static_cast<long>(axis), kDepth);
  const HostTensor values = HostTensor(type, {2}, {type == TN_BOOL ? Real{0} : Real{2}, 1})
                                .with_specials(static_cast<uint32_t>(cases.size()));
  HostTensor y(type, dims);
  for_each_index(dims, [&](const Shape& i) {
    Shape at = i;
    at.erase(at.begin() + static_cast<long>(axis));
    Real wanted = classes.at(at);
    if (wanted < 0) wanted += kDepth;
    y.at(i) = values.values[wanted == static_cast<Real>(i[axis])];
  });
  cases.push_back(OperatorCase{"", "OneHot", label, type}
                      .in(classes)
                      .host(HostTensor::scalar(options.depth, kDepth))
                      .in(values)
                      .attribute("axis", options.axis)
                      .out(y));
}

void add_one_hot_cases(Cases& cases, tn_dtype type) {
  const auto classes = [](tn_dtype dtype, Shape dims) {
    HostTensor whole = HostTensor::random(dtype, std::move(dims), -3, 2, 1);
    for (Real& value : whole.values) value = std::floor(value);
    return whole;
  };
  add_one_hot(cases, "values", type, classes(TN_INT64, {4}));
  add_one_hot(cases, "first", type, classes(TN_INT64, {4, 5}), {.axis = 0});
  add_one_hot(cases, "middle", type, classes(TN_INT64, {2, 5}), {.axis = 1});
  add_one_hot(cases, "long", type, classes(TN_INT64, {4099}));
  // Out of range: no class.
  add_one_hot(cases, "out_of_range", type, HostTensor(TN_INT64, {4}, {3, -4, 1, 100}));
  // Whatever a device has, it has these of each.
  for (const ElementType& row : kElementTypes) {
    if (!in_set(row.dtype, type_set::kNumeric)) continue;
    if (row.dtype == TN_BFLOAT16 || row.dtype == TN_INT64) continue;
    const std::string name = dtype_name(row.dtype);
    add_one_hot(cases, "indices_" + name, type, classes(row.dtype, {4, 3}));
    add_one_hot(cases, "depth_" + name, type, classes(TN_INT64, {4}), {.depth = row.dtype});
  }
  add_one_hot(cases, "empty", type, classes(TN_INT64, {2, 0}));
}

// ---- NonZero, Range, TopK ----

void add_non_zero(Cases& cases, const char* label, const HostTensor& x) {
  const auto rank = static_cast<int64_t>(x.dims.size());
  std::vector<Shape> found;
  for_each_index(x.dims, [&](const Shape& i) {
    if (x.at(i) != 0) found.push_back(i);
  });
  HostTensor y(TN_INT64, {rank, static_cast<int64_t>(found.size())});
  for (size_t i = 0; i < found.size(); ++i) {
    for (int64_t d = 0; d < rank; ++d) {
      y.at({d, static_cast<int64_t>(i)}) = static_cast<Real>(found[i][static_cast<size_t>(d)]);
    }
  }
  OperatorCase c{"", "NonZero", label, x.dtype};
  c.in(x).out(y);
  c.bounds = {Shape{rank, x.count()}};
  cases.push_back(c);
}

void add_non_zero_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims) {
    HostTensor x = HostTensor::random(type, std::move(dims), -2, 2, 1);
    for (size_t i = 0; i < x.values.size(); i += 2) x.values[i] = 0;
    return x;
  };
  add_non_zero(cases, "values", values({2, 3, 4}));
  add_non_zero(cases, "long", values({4099}));
  add_non_zero(cases, "none", HostTensor(type, {3, 5}));
  add_non_zero(cases, "expanded", values({3, 5}).expanded({0}));
  add_non_zero(cases, "empty", HostTensor(type, {0, 5}));
  add_non_zero(cases, "tail", values({65}));
  if (is_float(type))
    add_non_zero(cases, "special", HostTensor(type, {4}, {NAN, INFINITY, -0.0L, 0}));
}

void add_range(Cases& cases, const char* label, tn_dtype type, Real start, Real limit, Real delta) {
  const auto round = [&](Real value) { return HostTensor::scalar(type, value).values[0]; };
  start = round(start), limit = round(limit), delta = round(delta);
  const auto count = static_cast<int64_t>(std::fmax(0, std::ceil((limit - start) / delta)));
  Expected y(type, {count});
  for (int64_t i = 0; i < count; ++i) y.at({i}) = start + static_cast<Real>(i) * delta;
  cases.push_back(OperatorCase{"", "Range", label, type}
                      .host(HostTensor::scalar(type, start))
                      .host(HostTensor::scalar(type, limit))
                      .host(HostTensor::scalar(type, delta))
                      .out(y));
}

struct TopOptions {
  bool largest = true;
  bool sorted = true;  // What comes out is in order without it, too.
};

void add_top_k(Cases& cases, const std::string& label, const HostTensor& x, int64_t axis, int64_t k,
               const TopOptions& options) {
  const bool largest = options.largest;
  const size_t a =
      static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(x.dims.size()) : axis);
  Shape dims = x.dims, outer = x.dims;
  dims[a] = k, outer[a] = 1;
  HostTensor values(x.dtype, dims), places(TN_INT64, dims);
  // NaN counts as the largest.
  const auto key = [](Real v) { return std::isnan(v) ? INFINITY : v; };
  for_each_index(outer, [&](Shape at) {
    std::vector<int64_t> order(static_cast<size_t>(x.dims[a]));
    std::iota(order.begin(), order.end(), 0);
    const auto value = [&](int64_t i) {
      Shape where = at;
      where[a] = i;
      return x.at(where);
    };
    std::ranges::stable_sort(order, [&](int64_t i, int64_t j) {
      const Real left = value(i), right = value(j);
      if (std::isnan(left) != std::isnan(right)) return std::isnan(left) == largest;
      return largest ? key(left) > key(right) : key(left) < key(right);
    });
    for (int64_t i = 0; i < k; ++i) {
      at[a] = i;
      places.at(at) = static_cast<Real>(order[static_cast<size_t>(i)]);
      values.at(at) = value(order[static_cast<size_t>(i)]);
    }
  });
  cases.push_back(OperatorCase{"", "TopK", label, x.dtype}
                      .in(x)
                      .host(list({static_cast<Real>(k)}))
                      .attribute("axis", axis)
                      .attribute("largest", int64_t{largest})
                      .attribute("sorted", int64_t{options.sorted})
                      .out(values)
                      .out(places));
}

void add_top_k_cases(Cases& cases, tn_dtype type) {
  const HostTensor x = HostTensor::random(type, {3, 9}, -30, 30, 1);
  add_top_k(cases, "largest", x, -1, 4, {});
  add_top_k(cases, "smallest", x, 1, 4, {.largest = false});
  add_top_k(cases, "middle", HostTensor::random(type, {2, 7, 3}, -30, 30, 2), 1, 3, {});
  add_top_k(cases, "ties", HostTensor::random(type, {4, 20}, 0, 2, 3), 1, 20, {});
  add_top_k(cases, "ties_smallest", HostTensor::random(type, {4, 20}, 0, 2, 3), 1, 7,
            {.largest = false});
  add_top_k(cases, "long", HostTensor::random(type, {4099}, -90, 90, 3), 0, 17, {});
  add_top_k(cases, "expanded", x.expanded({1}), 1, 3, {});
  add_top_k(cases, "none", x, 1, 0, {});
  add_top_k(cases, "unsorted", HostTensor::random(type, {3, 40}, -30, 30, 4), 1, 9,
            {.sorted = false});
  add_top_k(cases, "unsorted_smallest", HostTensor::random(type, {5, 19, 2}, -30, 30, 4), -2, 17,
            {.largest = false, .sorted = false});
  if (!is_float(type)) return;
  const HostTensor special(type, {2, 4}, {1, NAN, INFINITY, -INFINITY, NAN, 2, NAN, 3});
  add_top_k(cases, "nan_largest", special, 1, 3, {});
  add_top_k(cases, "nan_smallest", special, 1, 3, {.largest = false});
}

}  // namespace

void add_movement_cases(Cases& cases, tn_dtype type) {
  // Elements of less than a byte are moved whole rows at a time, by Identity.
  const bool whole = tn_dtype_bits(type) >= 8;
  if (whole && takes("", "Concat", type)) add_concat_cases(cases, type);
  if (whole && takes("", "Pad", type)) add_pad_cases(cases, type);
  if (whole && takes("", "Trilu", type)) add_trilu_cases(cases, type);
  if (whole && takes("", "Tile", type)) add_tile_cases(cases, type);
  if (whole && takes("", "OneHot", type)) add_one_hot_cases(cases, type);
  if (whole && takes("", "NonZero", type)) add_non_zero_cases(cases, type);
  if (takes("", "TopK", type)) add_top_k_cases(cases, type);
  if (!takes("", "Range", type)) return;
  add_range(cases, "values", type, varied(1, 2), 4.5, is_float(type) ? 0.5 : 1);
  add_range(cases, "down", type, 9, 1, -2);
  add_range(cases, "long", type, 0, 4099, 1);
  add_range(cases, "nothing", type, 5, 1, 1);
  // In float64 the product is rounded before the sum is.
  if (type == TN_FLOAT32) add_range(cases, "uneven", type, -1, 1, 0.3L);
}

}  // namespace tenon::conformance
