// SPDX-License-Identifier: Apache-2.0
//
// Pooling, with its gradients.
#include <cmath>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

struct Geometry {
  std::vector<int64_t> kernel, strides, pads;  // Two spatial dims.
};

Shape output_dims(const Shape& x, const Geometry& g) {
  Shape y{x[0], x[1]};
  for (size_t d = 0; d < 2; ++d) {
    y.push_back((x[2 + d] + g.pads[d] + g.pads[2 + d] - g.kernel[d]) / g.strides[d] + 1);
  }
  return y;
}

// Calls body(h, w) for each cell of the window of output `y` that lies in the plane.
template <class Body>
void for_each_cell(const Shape& x, const Shape& y, const Geometry& g, Body&& body) {
  for (int64_t i = 0; i < g.kernel[0]; ++i) {
    for (int64_t j = 0; j < g.kernel[1]; ++j) {
      const int64_t h = y[2] * g.strides[0] - g.pads[0] + i;
      const int64_t w = y[3] * g.strides[1] - g.pads[1] + j;
      if (h >= 0 && h < x[2] && w >= 0 && w < x[3]) body(h, w);
    }
  }
}

OperatorCase make(const char* domain, const char* name, const std::string& label, tn_dtype type,
                  const Geometry& g) {
  OperatorCase c{domain, name, label, type};
  c.attribute("kernel_shape", g.kernel).attribute("strides", g.strides);
  return c.attribute("pads", g.pads);
}

void add(Cases& cases, const std::string& label, tn_dtype type, const Shape& dims,
         const Geometry& g) {
  const HostTensor x = HostTensor::random(type, dims, -3, 3, 1);
  const Shape y_dims = output_dims(dims, g);
  const HostTensor dy = HostTensor::random(type, y_dims, -3, 3, 2);
  HostTensor most(type, y_dims), index(TN_INT64, y_dims), plane(TN_INT64, y_dims);
  Expected mean(type, y_dims), mean_all = mean, d_most(type, dims), d_mean = d_most;
  for_each_index(y_dims, [&](const Shape& y) {
    Real best = -INFINITY, count = 0;
    Sum sum;
    Shape where;
    for_each_cell(dims, y, g, [&](int64_t h, int64_t w) {
      const Real value = x.at({y[0], y[1], h, w});
      if (value > best) best = value, where = {y[0], y[1], h, w};
      sum.add(value);
      ++count;
    });
    most.at(y) = best;
    index.at(y) = static_cast<Real>(x.position(where));
    plane.at(y) = static_cast<Real>(where[2] * dims[3] + where[3]);
    d_most.at(where) = d_most.at(where) + dy.at(y);
    mean.at(y) = sum.total() / count;
    mean_all.at(y) = sum.total() / static_cast<Real>(g.kernel[0] * g.kernel[1]);
    for_each_cell(dims, y, g, [&](int64_t h, int64_t w) {
      Number& share = d_mean.at({y[0], y[1], h, w});
      share = share + Number(dy.at(y)) / count;
    });
  });
  cases.push_back(make("", "MaxPool", label, type, g).in(x).out(most));
  cases.push_back(make("", "MaxPool", label + "_indices", type, g).in(x).out(most).out(index));
  cases.push_back(make("tenon", "MaxPool", label, type, g).in(x).out(most).out(plane));
  cases.push_back(OperatorCase{"tenon", "MaxPoolGrad", label, type}.in(dy).in(plane).out(d_most));
  cases.push_back(make("", "AveragePool", label, type, g).in(x).out(mean));
  cases.push_back(make("", "AveragePool", label + "_pads_count", type, g)
                      .in(x)
                      .attribute("count_include_pad", int64_t{1})
                      .out(mean_all));
  cases.push_back(make("tenon", "AveragePoolGrad", label, type, g).in(dy).out(d_mean));
}

void add_global(Cases& cases, const std::string& label, tn_dtype type, Real low) {
  const HostTensor x = HostTensor::random(type, {2, 3, 5, 4}, low, 3, 1);
  Expected mean(type, {2, 3, 1, 1});
  HostTensor most(type, {2, 3, 1, 1}, Values(6, -INFINITY));
  for_each_index({2, 3, 1, 1}, [&](const Shape& out) {
    Sum sum;
    for_each_index({5, 4}, [&](const Shape& i) {
      const Real value = x.at({out[0], out[1], i[0], i[1]});
      sum.add(value);
      most.at(out) = std::fmax(most.at(out), value);
    });
    mean.at(out) = sum.total() / 20.0L;
  });
  cases.push_back(OperatorCase{"", "GlobalAveragePool", label, type}.in(x).out(mean));
  cases.push_back(OperatorCase{"", "GlobalMaxPool", label, type}.in(x).out(most));
}

}  // namespace

void add_pooling_cases(Cases& cases, tn_dtype type) {
  add(cases, "2x2", type, {2, 3, 6, 8}, {{2, 2}, {2, 2}, {0, 0, 0, 0}});
  add(cases, "overlapping_padded", type, {1, 4, 9, 7}, {{3, 3}, {2, 2}, {1, 1, 1, 1}});
  add(cases, "uneven", type, {1, 2, 8, 9}, {{2, 3}, {1, 2}, {0, 1, 1, 0}});
  add_global(cases, "values", type, -3);
  add_global(cases, "one_sign", type, 1);
}

}  // namespace tenon::conformance
