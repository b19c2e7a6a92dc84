// SPDX-License-Identifier: Apache-2.0
//
// ONNX Runtime's operators on quantized tensors that are no products. Scales are powers of two, so
// that every step is exact, ties included; sigmoids come near no tie.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "cases/quantized.h"
#include "suite/case.h"

namespace tenon::conformance {
namespace {

constexpr const char* kMicrosoft = "com.microsoft";

// A tensor, its scale and its zero point.
struct Linear {
  HostTensor data, scale, zero;
  Real at(const Shape& index) const {
    return (broadcast_at(data, index) - zero.values[0]) * scale.values[0];
  }
};

HostTensor power(int exponent) {
  return HostTensor::scalar(TN_FLOAT32, std::ldexp(Real{1}, exponent));
}

Linear linear(tn_dtype type, const Shape& dims, int exponent, uint32_t seed) {
  return {HostTensor::random(type, dims, least_of(type), most_of(type), seed), power(exponent),
          HostTensor::random(type, {}, least_of(type) / 2, most_of(type) / 2, seed + 10)};
}

struct Quantizer {
  HostTensor scale, zero;
  Real of(Real value) const {
    return saturated(zero.dtype, value / scale.values[0], zero.values[0]);
  }
};

Quantizer quantizer(tn_dtype type, int exponent, uint32_t seed) {
  return {power(exponent),
          HostTensor::random(type, {}, least_of(type) / 2, most_of(type) / 2, seed)};
}

using Binary = std::function<Real(Real, Real)>;

void add_binary(Cases& cases, const char* name, const char* label, tn_dtype type,
                const Shape& a_dims, const Shape& b_dims, bool zeros, const Binary& function) {
  Linear a = linear(type, a_dims, -4, 1), b = linear(type, b_dims, -5, 2);
  // Products are larger than sums.
  Quantizer to = quantizer(type, std::string(name) == "QLinearMul" ? -2 : -4, 3);
  if (!zeros) {
    for (HostTensor* zero : {&a.zero, &b.zero, &to.zero}) zero->values[0] = 0;
  }
  Expected c(type, broadcast_shape(a_dims, b_dims));
  for_each_index(c.dims, [&](const Shape& i) { c.at(i) = to.of(function(a.at(i), b.at(i))); });
  OperatorCase made{kMicrosoft, name, label, type};
  const auto zero = [&](const HostTensor& value) { zeros ? made.in(value) : made.absent(); };
  made.in(a.data).in(a.scale);
  zero(a.zero);
  made.in(b.data).in(b.scale);
  zero(b.zero);
  made.in(to.scale);
  if (zeros) made.in(to.zero);
  cases.push_back(made.out(c));
}

void add_binary_cases(Cases& cases, const char* name, tn_dtype type, const Binary& function) {
  const auto add = [&](const char* label, const Shape& a, const Shape& b, bool zeros = true) {
    add_binary(cases, name, label, type, a, b, zeros, function);
  };
  add("same", {3, 4, 5}, {3, 4, 5});
  add("broadcast", {3, 1, 5}, {4, 1});
  add("scalar", {17}, {});
  add("no_zeros", {3, 7}, {3, 7}, false);
  add("long", {4099}, {4099});
  add("rows", {2, 70}, {70});
  add("empty", {0, 3}, {0, 3});
}

using Unary = std::function<Real(Real)>;

void add_unary(Cases& cases, const char* name, const std::string& label, tn_dtype type,
               const Shape& dims, int from, int to, bool zeros, const Unary& function,
               const float* alpha = nullptr) {
  Linear x = linear(type, dims, from, 1);
  Quantizer y = quantizer(type, to, 3);
  if (!zeros) x.zero.values[0] = y.zero.values[0] = 0;
  Expected result(type, dims);
  for_each_index(dims, [&](const Shape& i) { result.at(i) = y.of(function(x.at(i))); });
  OperatorCase made{kMicrosoft, name, label, type};
  made.in(x.data).in(x.scale);
  zeros ? made.in(x.zero) : made.absent();
  made.in(y.scale);
  if (zeros) made.in(y.zero);
  if (alpha != nullptr) made.attribute("alpha", *alpha);
  cases.push_back(made.out(result));
}

void add_unary_cases(Cases& cases, tn_dtype type) {
  const auto sigmoid = [](Real x) { return 1 / (1 + std::exp(-x)); };
  const float slope = 0.25f;
  const auto leaky = [&](Real x) { return x < 0 ? static_cast<Real>(slope) * x : x; };
  const auto usual = [](Real x) { return x < 0 ? static_cast<Real>(0.01f) * x : x; };
  for (const auto& [label, dims] : {std::pair{"some", Shape{3, 4, 5}},
                                    {"long", Shape{4099}},
                                    {"scalar", Shape{}},
                                    {"empty", Shape{0, 3}}}) {
    add_unary(cases, "QLinearSigmoid", label, type, dims, -4, -8, true, sigmoid);
    add_unary(cases, "QLinearLeakyRelu", label, type, dims, -4, -3, true, leaky, &slope);
  }
  add_unary(cases, "QLinearSigmoid", "no_zeros", type, {3, 7}, -4, -7, false, sigmoid);
  add_unary(cases, "QLinearLeakyRelu", "no_zeros", type, {3, 7}, -4, -4, false, usual);
}

void add_concat(Cases& cases, const char* label, tn_dtype type, const std::vector<Shape>& dims,
                const std::vector<tn_dtype>& types, int64_t axis) {
  const Quantizer to = quantizer(type, -4, 3);
  OperatorCase made{kMicrosoft, "QLinearConcat", label, type};
  made.in(to.scale).in(to.zero);
  const auto rank = static_cast<int64_t>(dims[0].size());
  const auto along = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  Expected y(type, dims[0]);
  y.dims[along] = 0;
  for (const Shape& one : dims) y.dims[along] += one[along];
  y.values.resize(static_cast<size_t>(y.count()));
  int64_t begin = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    const Linear x =
        linear(types[i], dims[i], static_cast<int>(i) - 5, 20 + static_cast<uint32_t>(i));
    made.in(x.data).in(x.scale).in(x.zero);
    for_each_index(dims[i], [&](const Shape& index) {
      Shape place = index;
      place[along] += begin;
      y.at(place) = to.of(x.at(index));
    });
    begin += dims[i][along];
  }
  cases.push_back(made.attribute("axis", axis).out(y));
}

void add_concat_cases(Cases& cases, tn_dtype type) {
  const tn_dtype other = type == TN_INT8 ? TN_UINT8 : TN_INT8;
  add_concat(cases, "two", type, {{3, 2, 5}, {3, 4, 5}}, {type, type}, 1);
  add_concat(cases, "three", type, {{3, 2}, {3, 5}, {3, 1}}, {type, other, type}, -1);
  add_concat(cases, "one", type, {{2, 3, 2}}, {other}, 0);
  add_concat(cases, "long", type, {{4103, 2}, {700, 2}}, {type, type}, 0);
}

struct Window {
  Shape kernel, strides, pads;
  bool ceil = false, with_pads = false;
};

// [N, C, ...] with the channels behind.
template <class Value>
Grid<Value> channels_last(const Grid<Value>& grid) {
  Grid<Value> result = grid;
  result.dims.erase(result.dims.begin() + 1);
  result.dims.push_back(grid.dims[1]);
  for_each_index(grid.dims, [&](const Shape& index) {
    Shape place = index;
    place.erase(place.begin() + 1);
    place.push_back(index[1]);
    result.at(place) = grid.at(index);
  });
  return result;
}

OperatorCase pooled(OperatorCase made, const Linear& x, const Quantizer& to, const Expected& y,
                    bool last, bool zeros = true) {
  if (last) {
    const Grid<Real> turned = channels_last<Real>(x.data);
    made.in(HostTensor(turned.dtype, turned.dims, turned.values));
  } else {
    made.in(x.data);
  }
  made.in(x.scale);
  zeros ? made.in(x.zero) : made.absent();
  made.in(to.scale);
  if (zeros) made.in(to.zero);
  if (!last) return made.out(y);
  const Grid<Number> turned = channels_last<Number>(y);
  return made.attribute("channels_last", int64_t{1})
      .out(Expected(turned.dtype, turned.dims, turned.values));
}

void add_pool(Cases& cases, const char* label, tn_dtype type, const Shape& dims, const Window& w,
              bool last, bool zeros = true) {
  Linear x = linear(type, dims, -3, 1);
  Quantizer to = quantizer(type, -3, 3);
  if (!zeros) x.zero.values[0] = to.zero.values[0] = 0;
  const size_t spatial = w.kernel.size();
  Shape y_dims{dims[0], dims[1]};
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t room = dims[2 + d] + w.pads[d] + w.pads[spatial + d] - w.kernel[d];
    int64_t positions = room / w.strides[d] + 1;
    const bool begins = positions * w.strides[d] < dims[2 + d] + w.pads[d];
    if (w.ceil && room % w.strides[d] != 0 && begins) ++positions;
    y_dims.push_back(positions);
  }
  Expected y(type, y_dims);
  for_each_index(y_dims, [&](const Shape& out) {
    Real sum = 0, count = 0;
    for_each_index(w.kernel, [&](const Shape& tap) {
      Shape at{out[0], out[1]};
      bool inside = true, padded = true;
      for (size_t d = 0; d < spatial; ++d) {
        at.push_back(out[2 + d] * w.strides[d] - w.pads[d] + tap[d]);
        inside = inside && at.back() >= 0 && at.back() < dims[2 + d];
        padded = padded && at.back() < dims[2 + d] + w.pads[spatial + d];
      }
      if (inside) sum += x.at(at);
      count += inside || (w.with_pads && padded) ? 1 : 0;
    });
    y.at(out) = to.of(sum / count);
  });
  OperatorCase made{kMicrosoft, "QLinearAveragePool", label, type};
  made.attribute("kernel_shape", w.kernel)
      .attribute("strides", w.strides)
      .attribute("pads", w.pads);
  if (w.ceil) made.attribute("ceil_mode", int64_t{1});
  if (w.with_pads) made.attribute("count_include_pad", int64_t{1});
  cases.push_back(pooled(made, x, to, y, last, zeros));
}

void add_global_pool(Cases& cases, const char* label, tn_dtype type, const Shape& dims, bool last) {
  const Linear x = linear(type, dims, -3, 1);
  const Quantizer to = quantizer(type, -5, 3);
  Shape y_dims(dims.size(), 1);
  y_dims[0] = dims[0], y_dims[1] = dims[1];
  Values sums(static_cast<size_t>(dims[0] * dims[1]));
  for_each_index(
      dims, [&](const Shape& i) { sums[static_cast<size_t>(i[0] * dims[1] + i[1])] += x.at(i); });
  Expected y(type, y_dims);
  const Real count = static_cast<Real>(element_count(dims) / (dims[0] * dims[1]));
  for (size_t i = 0; i < sums.size(); ++i) y.values[i] = to.of(sums[i] / count);
  OperatorCase made{kMicrosoft, "QLinearGlobalAveragePool", label, type};
  cases.push_back(pooled(made, x, to, y, last));
}

// Windows of 4, 8 or 16 cells, where a mean is exact; others are near no tie, or are one.
void add_pool_cases(Cases& cases, tn_dtype type) {
  add_pool(cases, "2x2", type, {2, 3, 6, 8}, {{2, 2}, {2, 2}, {0, 0, 0, 0}}, false);
  add_pool(cases, "pads", type, {1, 3, 7, 6}, {{2, 4}, {1, 2}, {1, 1, 0, 2}}, false);
  add_pool(cases, "with_pads", type, {1, 3, 7, 6}, {{2, 4}, {1, 2}, {1, 1, 0, 2}, false, true},
           false);
  add_pool(cases, "ceil", type, {1, 2, 7, 9}, {{2, 2}, {2, 3}, {0, 0, 0, 1}, true}, false);
  add_pool(cases, "channels_last", type, {2, 5, 6, 8}, {{2, 2}, {2, 1}, {0, 1, 0, 0}}, true);
  add_pool(cases, "1d", type, {2, 3, 40}, {{4}, {1}, {0, 0}}, false);
  add_pool(cases, "long", type, {1, 1, 4103}, {{4}, {1}, {0, 0}}, false);
  add_pool(cases, "3d", type, {1, 2, 4, 5, 4}, {{2, 2, 2}, {1, 1, 2}, {0, 0, 0, 0, 0, 0}}, false);
  add_pool(cases, "no_zeros", type, {1, 2, 5, 5}, {{2, 2}, {1, 1}, {0, 0, 0, 0}}, false, false);
  add_global_pool(cases, "2d", type, {2, 3, 4, 8}, false);
  add_global_pool(cases, "1d", type, {2, 3, 64}, false);
  add_global_pool(cases, "many", type, {1, 4099, 4}, false);
  add_global_pool(cases, "channels_last", type, {2, 5, 4, 4}, true);
  add_global_pool(cases, "3d", type, {1, 4, 2, 4, 4}, false);
}

}  // namespace

void add_qlinear_cases(Cases& cases, tn_dtype type) {
  if (!takes(kMicrosoft, "QLinearAdd", type)) return;
  add_binary_cases(cases, "QLinearAdd", type, [](Real a, Real b) { return a + b; });
  add_binary_cases(cases, "QLinearMul", type, [](Real a, Real b) { return a * b; });
  add_unary_cases(cases, type);
  add_concat_cases(cases, type);
  add_pool_cases(cases, type);
}

}  // namespace tenon::conformance
