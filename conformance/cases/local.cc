// SPDX-License-Identifier: Apache-2.0
//
// InstanceNormalization, LRN, and pools by a norm.
#include <algorithm>
#include <cmath>
#include <string>

#include "cases/vision.h"

namespace tenon::conformance {
namespace {

HostTensor values(tn_dtype type, Shape dims, Real low, Real high, uint32_t seed = 1) {
  return HostTensor::random(type, std::move(dims), low, high, seed);
}

// x^p of a number that is not negative: what no processor rounds correctly.
Number power(const Number& x, Real p) {
  const Real value = std::pow(x.value, p);
  return x.value == 0 ? Number(value) : function(x, value, p * value / x.value);
}

// ---- InstanceNormalization ----

void add_instance_norm(Cases& cases, const char* label, const HostTensor& x, float epsilon) {
  const Shape& dims = x.dims;
  const int64_t n = x.count() / (dims[0] * dims[1]);
  const HostTensor scale = values(x.dtype, {dims[1]}, -2, 2, 2),
                   b = values(x.dtype, {dims[1]}, -2, 2, 3);
  Expected y(x.dtype, dims);
  for (int64_t row = 0; row < dims[0] * dims[1]; ++row) {
    const size_t first = static_cast<size_t>(row * n), c = static_cast<size_t>(row % dims[1]);
    Sum sum;
    Real spread = 0, size = 0;
    for (size_t i = first; i < first + size_t(n); ++i) sum.add(x.values[i]);
    const Number mean = sum.total() / Real(n);
    for (size_t i = first; i < first + size_t(n); ++i) {
      const Real away = x.values[i] - mean.value;
      spread += away * away;
      size += x.values[i] * x.values[i];
    }
    // Squares of differences lose what the mean is off by; not the values' own squares.
    const Number variance(spread / Real(n), (std::sqrt(spread * size) + 2 * spread) / Real(n));
    const Number inverse = Number(1) / sqrt(variance + Number(epsilon));
    for (size_t i = first; i < first + size_t(n); ++i)
      y.values[i] = (Number(x.values[i]) - mean) * inverse * scale.values[c] + Number(b.values[c]);
  }
  cases.push_back(OperatorCase{"", "InstanceNormalization", label, x.dtype}
                      .in(x)
                      .in(scale)
                      .in(b)
                      .attribute("epsilon", epsilon)
                      .out(y));
}

// ---- LRN ----

void add_response(Cases& cases, const char* label, const HostTensor& x, int64_t size, float alpha,
                  float beta, float bias) {
  Expected y(x.dtype, x.dims);
  for_each_index(x.dims, [&](const Shape& i) {
    Sum squares;
    for (int64_t c = i[1] - (size - 1) / 2; c <= i[1] + (size - 1) - (size - 1) / 2; ++c) {
      if (c < 0 || c >= x.dims[1]) continue;
      Shape at = i;
      at[1] = c;
      squares.add(Number(x.at(at)) * x.at(at));
    }
    const Number base = Number(bias) + Number(alpha) / Real(size) * squares.total();
    y.at(i) = Number(x.at(i)) / power(base, beta);
  });
  cases.push_back(OperatorCase{"", "LRN", label, x.dtype}
                      .in(x)
                      .attribute("size", size)
                      .attribute("alpha", alpha)
                      .attribute("beta", beta)
                      .attribute("bias", bias)
                      .out(y));
}

// ---- LpPool, GlobalLpPool ----

Number norm_of(const std::vector<Real>& of, int64_t p) {
  Sum sum;
  for (const Real x : of)
    sum.add(p == 1 ? Number(std::fabs(x)) : power(Number(std::fabs(x)), Real(p)));
  return p == 1 ? sum.total() : power(sum.total(), 1 / Real(p));
}

struct Pool {
  Shape kernel, strides, pads, dilations;
  int64_t p = 2;
  bool ceil = false;
};

void add_pool(Cases& cases, const char* label, const HostTensor& x, const Pool& g) {
  const size_t rank = g.kernel.size();
  Shape dims{x.dims[0], x.dims[1]};
  for (size_t d = 0; d < rank; ++d) {
    const int64_t room =
        x.dims[2 + d] + g.pads[d] + g.pads[rank + d] - g.dilations[d] * (g.kernel[d] - 1) - 1;
    int64_t count = room / g.strides[d] + 1;
    if (g.ceil && room % g.strides[d] != 0 && count * g.strides[d] < x.dims[2 + d] + g.pads[d])
      ++count;
    dims.push_back(count);
  }
  Expected y(x.dtype, dims);
  for_each_index(dims, [&](const Shape& out) {
    std::vector<Real> window;
    for_each_index(g.kernel, [&](const Shape& tap) {
      Shape at{out[0], out[1]};
      for (size_t d = 0; d < rank; ++d) {
        at.push_back(out[2 + d] * g.strides[d] + tap[d] * g.dilations[d] - g.pads[d]);
        if (at.back() < 0 || at.back() >= x.dims[2 + d]) return;
      }
      window.push_back(x.at(at));
    });
    y.at(out) = norm_of(window, g.p);
  });
  OperatorCase c{"", "LpPool", label, x.dtype};
  c.attribute("kernel_shape", g.kernel).attribute("strides", g.strides).attribute("pads", g.pads);
  c.attribute("dilations", g.dilations);
  if (g.p != 2) c.attribute("p", g.p);
  if (g.ceil) c.attribute("ceil_mode", int64_t{1});
  cases.push_back(c.in(x).out(y));
}

void add_global(Cases& cases, const char* label, const HostTensor& x, int64_t p) {
  Shape dims = x.dims;
  std::fill(dims.begin() + 2, dims.end(), 1);
  Expected y(x.dtype, dims);
  const size_t n = x.values.size() / y.values.size();
  for (size_t i = 0; i < y.values.size(); ++i) {
    const auto first = x.values.begin() + static_cast<long>(i * n);
    y.values[i] = norm_of(std::vector<Real>(first, first + static_cast<long>(n)), p);
  }
  OperatorCase c{"", "GlobalLpPool", label, x.dtype};
  if (p != 2) c.attribute("p", p);
  cases.push_back(c.in(x).out(y));
}

void add_pools(Cases& cases, tn_dtype type) {
  add_pool(cases, "padded", values(type, {1, 4, 9, 7}, -3, 3),
           {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}});
  add_pool(cases, "p1", values(type, {2, 3, 6, 8}, -3, 3),
           {{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}, 1});
  add_pool(cases, "p3_dilated", values(type, {1, 2, 9, 8}, -3, 3),
           {{2, 3}, {1, 1}, {0, 1, 0, 1}, {3, 2}, 3});
  add_pool(cases, "ceil", values(type, {1, 2, 8, 6}, -3, 3),
           {{3, 3}, {2, 2}, {0, 1, 0, 1}, {1, 1}, 2, true});
  add_pool(cases, "1d", values(type, {2, 3, 17}, -3, 3), {{3}, {2}, {1, 1}, {1}, 4});
  add_pool(cases, "long", values(type, {1, 1, 4103}, -3, 3), {{5}, {1}, {2, 2}, {1}, 2});
  add_pool(cases, "3d", values(type, {1, 2, 4, 5, 6}, -3, 3),
           {{2, 3, 2}, {2, 1, 2}, {0, 1, 0, 0, 1, 0}, {1, 1, 1}});
  add_global(cases, "values", values(type, {2, 3, 5, 4}, -3, 3), 2);
  add_global(cases, "p1", values(type, {2, 3, 7}, -3, 3), 1);
  add_global(cases, "p3", values(type, {1, 2, 3, 2, 4}, -3, 3), 3);
  add_global(cases, "long", values(type, {1, 2, 4099}, 0, 1), 2);
}

}  // namespace

void add_local_cases(Cases& cases, tn_dtype type) {
  if (takes("", "InstanceNormalization", type)) {
    add_instance_norm(cases, "values", values(type, {2, 3, 4, 5}, -3, 3), 1e-5f);
    add_instance_norm(cases, "epsilon", values(type, {1, 4, 17}, -3, 3), 0.5f);
    add_instance_norm(cases, "far_from_zero", values(type, {1, 2, 64}, 40, 42), 1e-3f);
    add_instance_norm(cases, "3d", values(type, {1, 2, 3, 2, 4}, -3, 3), 1e-2f);
    add_instance_norm(cases, "long", values(type, {1, 2, 1500}, -1, 3), 1e-5f);
    add_instance_norm(cases, "channels", values(type, {1, 4099, 3}, -1, 3), 1e-5f);
    add_instance_norm(cases, "constant", values(type, {1, 3, 2, 2}, 2, 2), 1e-5f);
  }
  if (takes("", "LRN", type)) {
    add_response(cases, "size3", values(type, {2, 5, 3, 4}, -3, 3), 3, 0.5f, 0.75f, 1);
    add_response(cases, "even", values(type, {1, 6, 7}, -3, 3), 4, 1.5f, 0.5f, 2);
    add_response(cases, "all_channels", values(type, {1, 3, 2, 2}, -3, 3), 9, 1, 1.25f, 1);
    add_response(cases, "one", values(type, {2, 4, 17}, -3, 3), 1, 0.25f, 0.75f, 1.5f);
    add_response(cases, "long", values(type, {1, 3, 4099}, -3, 3), 3, 0.5f, 0.75f, 1);
    add_response(cases, "many", values(type, {1, 65, 33}, -3, 3), 5, 0.5f, 0.75f, 1);
  }
  if (takes("", "LpPool", type)) add_pools(cases, type);
}

}  // namespace tenon::conformance
