// SPDX-License-Identifier: Apache-2.0
//
// Pooling over any number of spatial dims, with its gradients.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "suite/case.h"
#include "suite/pairwise.h"

namespace tenon::conformance {
namespace {

struct Geometry {
  Shape kernel, strides, pads;
  Shape dilations = {};
  bool ceil = false;

  size_t spatial() const { return kernel.size(); }
  int64_t dilation(size_t d) const { return dilations.empty() ? 1 : dilations[d]; }
  int64_t reach(size_t d) const { return dilation(d) * (kernel[d] - 1) + 1; }
};

Shape output_dims(const Shape& x, const Geometry& g) {
  Shape y{x[0], x[1]};
  for (size_t d = 0; d < g.spatial(); ++d) {
    const int64_t room = x[2 + d] + g.pads[d] + g.pads[g.spatial() + d] - g.reach(d);
    int64_t dim = room / g.strides[d] + 1;
    // A window more that begins inside of the data or the pads before it.
    if (g.ceil && room % g.strides[d] != 0 && dim * g.strides[d] < x[2 + d] + g.pads[d]) ++dim;
    y.push_back(dim);
  }
  return y;
}

// Calls body(index in X, whether that is inside of the data) for each cell of the window of output
// `y` that lies in the data or its pads, in row-major order.
template <class Body>
void for_each_cell(const Shape& x, const Shape& y, const Geometry& g, Body&& body) {
  for_each_index(g.kernel, [&](const Shape& tap) {
    Shape at{y[0], y[1]};
    bool inside = true, padded = true;
    for (size_t d = 0; d < g.spatial(); ++d) {
      at.push_back(y[2 + d] * g.strides[d] - g.pads[d] + tap[d] * g.dilation(d));
      inside = inside && at.back() >= 0 && at.back() < x[2 + d];
      padded = padded && at.back() < x[2 + d] + g.pads[g.spatial() + d];
    }
    if (padded) body(at, inside);
  });
}

OperatorCase make(const char* domain, const char* name, const std::string& label, tn_dtype type,
                  const Geometry& g) {
  OperatorCase c{domain, name, label, type};
  c.attribute("kernel_shape", g.kernel).attribute("strides", g.strides);
  c.attribute("pads", g.pads);
  if (!g.dilations.empty()) c.attribute("dilations", g.dilations);
  if (g.ceil) c.attribute("ceil_mode", int64_t{1});
  return c;
}

// Where an element lies within its channel's plane, row-major.
Real place_in_plane(const Shape& dims, const Shape& at) {
  int64_t place = 0;
  for (size_t d = 2; d < dims.size(); ++d) place = place * dims[d] + at[d];
  return static_cast<Real>(place);
}

// The same with the first spatial dim fastest, over the whole tensor: storage_order 1.
Real column_major_place(const Shape& dims, const Shape& at) {
  int64_t place = 0, size = 1;
  for (size_t d = 2; d < dims.size(); ++d) place += at[d] * size, size *= dims[d];
  return static_cast<Real>((at[0] * dims[1] + at[1]) * size + place);
}

void add_max(Cases& cases, const std::string& label, const HostTensor& x, const Geometry& g) {
  const tn_dtype type = x.dtype;
  const Shape &dims = x.dims, y_dims = output_dims(dims, g);
  HostTensor most(type, y_dims), index(TN_INT64, y_dims), plane = index, column = index;
  const HostTensor dy = HostTensor::random(type, y_dims, -3, 3, 2);
  Expected d_most(type, dims);
  for_each_index(y_dims, [&](const Shape& y) {
    Shape where;
    for_each_cell(dims, y, g, [&](const Shape& at, bool inside) {
      if (!inside) return;
      const bool first = where.empty();
      const Real value = x.at(at), best = first ? 0 : x.at(where);
      if (first || value > best || (std::isnan(value) && !std::isnan(best))) where = at;
    });
    most.at(y) = x.at(where);
    index.at(y) = static_cast<Real>(x.position(where));
    plane.at(y) = place_in_plane(dims, where);
    column.at(y) = column_major_place(dims, where);
    d_most.at(where) = d_most.at(where) + dy.at(y);
  });
  cases.push_back(make("", "MaxPool", label, type, g).in(x).out(most));
  cases.push_back(make("", "MaxPool", label + "_indices", type, g).in(x).out(most).out(index));
  cases.push_back(make("", "MaxPool", label + "_column_major", type, g)
                      .in(x)
                      .attribute("storage_order", int64_t{1})
                      .out(most)
                      .out(column));
  if (!takes("tenon", "MaxPool", type)) return;
  cases.push_back(make("tenon", "MaxPool", label, type, g).in(x).out(most).out(plane));
  cases.push_back(make("tenon", "MaxPool", label + "_alone", type, g).in(x).out(most));
  cases.push_back(OperatorCase{"tenon", "MaxPoolGrad", label, type}.in(dy).in(plane).out(d_most));
}

void add_average(Cases& cases, const std::string& label, const HostTensor& x, const Geometry& g) {
  const tn_dtype type = x.dtype;
  const Shape &dims = x.dims, y_dims = output_dims(dims, g);
  const HostTensor dy = HostTensor::random(type, y_dims, -3, 3, 2);
  for (const bool pads_count : {false, true}) {
    Expected mean(type, y_dims), d_mean(type, dims);
    for_each_index(y_dims, [&](const Shape& y) {
      Sum sum;
      Real count = 0;
      for_each_cell(dims, y, g, [&](const Shape& at, bool inside) {
        if (inside) sum.add(x.at(at));
        if (inside || pads_count) ++count;
      });
      mean.at(y) = sum.total() / count;
      for_each_cell(dims, y, g, [&](const Shape& at, bool inside) {
        if (inside) d_mean.at(at) = d_mean.at(at) + Number(dy.at(y)) / count;
      });
    });
    const std::string full = label + (pads_count ? "_pads_count" : "");
    const auto counting = [&](OperatorCase c) {
      if (pads_count) c.attribute("count_include_pad", int64_t{1});
      return c;
    };
    cases.push_back(counting(make("", "AveragePool", full, type, g)).in(x).out(mean));
    if (!g.dilations.empty()) continue;
    cases.push_back(counting(make("tenon", "AveragePoolGrad", full, type, g)).in(dy).out(d_mean));
  }
}

void add(Cases& cases, const std::string& label, tn_dtype type, const Shape& dims,
         const Geometry& g) {
  const Real most = is_integer(type) ? 90 : 3;
  const HostTensor x = HostTensor::random(type, dims, -most, most, 1);
  add_max(cases, label, x, g);
  if (takes("", "AveragePool", type)) add_average(cases, label, x, g);
}

void add_global(Cases& cases, const std::string& label, const HostTensor& x) {
  Shape out_dims = x.dims;
  std::fill(out_dims.begin() + 2, out_dims.end(), 1);
  Expected mean(x.dtype, out_dims);
  HostTensor most(x.dtype, out_dims);
  const Shape plane(x.dims.begin() + 2, x.dims.end());
  for_each_index(out_dims, [&](const Shape& out) {
    Sum sum;
    Real best = -std::numeric_limits<Real>::infinity();
    for_each_index(plane, [&](const Shape& i) {
      Shape at{out[0], out[1]};
      at.insert(at.end(), i.begin(), i.end());
      const Real value = x.at(at);
      sum.add(value);
      if (value > best || std::isnan(value)) best = value;
    });
    mean.at(out) = sum.total() / static_cast<Real>(element_count(plane));
    most.at(out) = best;
  });
  cases.push_back(OperatorCase{"", "GlobalAveragePool", label, x.dtype}.in(x).out(mean));
  cases.push_back(OperatorCase{"", "GlobalMaxPool", label, x.dtype}.in(x).out(most));
}

void add_global_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims, Real low) {
    return HostTensor::random(type, std::move(dims), low, 3, 1);
  };
  add_global(cases, "values", values({2, 3, 5, 4}, -3));
  add_global(cases, "one_sign", values({2, 3, 5, 4}, 1));
  add_global(cases, "long", values({1, 2, 4099}, 0));
  add_global(cases, "3d", values({2, 3, 2, 3, 4}, -3));
  add_global(cases, "many_channels", values({1, 4099, 2, 2}, -3));
  add_global(cases, "below_zero", values({1, 17, 3, 3}, -9));
  add_global(cases, "expanded", values({2, 3, 5, 4}, -3).expanded({0, 3}));
  HostTensor x = values({1, 3, 2, 2}, -3);
  x.values[1] = NAN, x.values[6] = INFINITY, x.values[9] = -INFINITY;
  add_global(cases, "special", x);
}

// NaN wins, and padding never does.
void add_special_max(Cases& cases, tn_dtype type) {
  const Geometry g{{2, 2}, {2, 2}, {1, 1, 1, 1}};
  HostTensor x = HostTensor::random(type, {1, 2, 4, 4}, -9, -1, 1);
  if (is_float(type)) x.values[5] = NAN, x.values[20] = -INFINITY, x.values[26] = INFINITY;
  add_max(cases, "special", x, g);
  if (!is_float(type)) return;
  HostTensor equal(type, {1, 1, 4, 4}, Values(16, 2));
  add_max(cases, "equal", equal, {{2, 2}, {1, 1}, {0, 0, 0, 0}});
}

}  // namespace

void add_pooling_cases(Cases& cases, tn_dtype type) {
  if (!takes("", "MaxPool", type)) return;
  add(cases, "overlapping_padded", type, {1, 4, 9, 7}, {{3, 3}, {2, 2}, {1, 1, 1, 1}});
  add(cases, "2x2", type, {2, 3, 6, 8}, {{2, 2}, {2, 2}, {0, 0, 0, 0}});
  add(cases, "uneven", type, {1, 2, 8, 9}, {{2, 3}, {1, 2}, {0, 1, 1, 0}});
  add(cases, "dilated", type, {1, 2, 9, 8}, {{2, 3}, {1, 1}, {0, 1, 0, 1}, {3, 2}});
  add(cases, "ceil", type, {1, 2, 8, 6}, {{3, 3}, {2, 2}, {0, 1, 0, 1}, {}, true});
  add_special_max(cases, type);
  add(cases, "1d", type, {2, 3, 17}, {{3}, {2}, {1, 1}});
  add(cases, "3d", type, {1, 2, 4, 5, 6}, {{2, 3, 2}, {2, 1, 2}, {0, 1, 0, 0, 1, 0}});
  add(cases, "long", type, {1, 1, 4103}, {{5}, {1}, {2, 2}});
  add(cases, "many_channels", type, {1, 257, 3, 3}, {{2, 2}, {1, 1}, {0, 0, 0, 0}});
  const Shape kernels[] = {{2, 2}, {3, 2}, {2, 3}}, strides[] = {{1, 1}, {2, 3}, {3, 1}};
  const Shape pads[] = {{0, 0, 0, 0}, {1, 1, 1, 1}, {0, 1, 1, 0}},
              dilations[] = {{}, {2, 1}, {1, 3}};
  for (const auto& row : pairwise({3, 3, 3, 3, 2})) {
    add(cases, pairs_label(row), type, {2, 2, 9, 10},
        {kernels[row[0]], strides[row[1]], pads[row[2]], dilations[row[3]], row[4] == 1});
  }
  if (takes("", "GlobalAveragePool", type)) add_global_cases(cases, type);
}

}  // namespace tenon::conformance
