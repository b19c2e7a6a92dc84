// SPDX-License-Identifier: Apache-2.0
//
// Gradients of elementwise operators.
#include <limits>
#include <string>
#include <tuple>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

using Gradient = Number (*)(const Number&, const Number&);

OperatorCase make(const char* name, const std::string& label, const HostTensor& dy,
                  const Shape& x_dims, Real low, Real high, Gradient function) {
  const HostTensor x = HostTensor::random(dy.dtype, x_dims, low, high, 2);
  Expected dx(dy.dtype, broadcast_shape(dy.dims, x_dims));
  for_each_index(dx.dims, [&](const Shape& i) {
    dx.at(i) = function(broadcast_at(dy, i), broadcast_at(x, i));
  });
  OperatorCase c{"tenon", name, label, dy.dtype};
  return c.in(dy).in(x).out(dx);
}

void add(Cases& cases, const char* name, tn_dtype type, Real low, Real high, Gradient function,
         const char* approximate = nullptr) {
  const auto dy = [&](Shape dims) { return HostTensor::random(type, std::move(dims), -2, 2, 1); };
  const auto add_one = [&](std::string label, const HostTensor& given, const Shape* x = nullptr) {
    if (approximate != nullptr) label += std::string("_") + approximate;
    cases.push_back(make(name, label, given, x ? *x : given.dims, low, high, function));
    if (approximate != nullptr) cases.back().attribute("approximate", approximate);
  };
  add_one("values", dy({3, 5, 7}));
  add_one("long", dy({4099}));
  add_one("expanded", dy({3, 5, 7}).expanded({0, 1, 2}));
  add_one("tail", dy({65}));
  add_one("scalar", dy({}));
  add_one("empty", dy({3, 0}));
  const Shape row{7}, whole{3, 1, 7};
  add_one("of_a_row", dy({3, 5, 7}), &row);
  add_one("to_a_row", dy({5, 1}), &whole);
}

// A gradient of 0 stays 0 where the forward's derivative is infinite.
void add_no_gradient_at_the_pole(Cases& cases, const char* name, tn_dtype type, Real pole) {
  OperatorCase c{"tenon", name, "pole", type};
  cases.push_back(c.in(HostTensor(type, {3}, {0, 0, 0}))
                      .in(HostTensor(type, {3}, {pole, 1, pole}))
                      .out(HostTensor(type, {3}, {0, 0, 0})));
}

Number gelu_slope(const Number& x) {
  const Number density = exp(-(x * x) / 2.0L) / std::sqrt(2 * kPi);
  return normal_share(x) + x * density;
}
Number gelu_tanh_slope(const Number& x) {
  const Number inner = std::sqrt(2 / kPi) * (x + 0.044715L * x * x * x), t = tanh(inner);
  const Number slope = std::sqrt(2 / kPi) * (1.0L + 3.0L * 0.044715L * x * x);
  return tanh_share(inner) + 0.5L * x * (1.0L - t * t) * slope;
}
Number silu_slope(const Number& x) { return sigmoid(x) * (1.0L + x * (1.0L - sigmoid(x))); }

}  // namespace

void add_gradient_cases(Cases& cases, tn_dtype type) {
  if (!in_set(type, type_set::kFloat)) return;
  using N = const Number&;
  add(cases, "TanhGrad", type, -1, 1, [](N d, N y) { return d * (1.0L - y * y); });
  add(cases, "SigmoidGrad", type, 0, 1, [](N d, N y) { return d * y * (1.0L - y); });
  add(cases, "GeluGrad", type, -4, 4, [](N d, N x) { return d * gelu_slope(x); });
  add(cases, "GeluGrad", type, -4, 4, [](N d, N x) { return d * gelu_tanh_slope(x); }, "tanh");
  add(cases, "SiluGrad", type, -6, 6, [](N d, N x) { return d * silu_slope(x); });
  add(cases, "RsqrtGrad", type, 0.2, 3, [](N d, N y) { return -0.5L * d * y * y * y; });
  add(cases, "SqrtGrad", type, 0.2, 3, [](N d, N y) { return 0.5L * d / y; });
  add_no_gradient_at_the_pole(cases, "RsqrtGrad", type, std::numeric_limits<Real>::infinity());
  add_no_gradient_at_the_pole(cases, "SqrtGrad", type, 0);

  const Real threshold = varied(0.5, -0.5);
  for (const auto& [label, dims] : {std::pair{"values", Shape{2, 4, 5}},
                                    {"long", Shape{4099}},
                                    {"tail", Shape{17}},
                                    {"empty", Shape{0}}}) {
    const HostTensor dy = HostTensor::random(type, dims, -2, 2, 1);
    const HostTensor x = HostTensor::random(type, dims, -2, 2, 2);
    HostTensor dx = dy;
    for (size_t i = 0; i < dx.values.size(); ++i) {
      if (x.values[i] <= threshold) dx.values[i] = 0;
    }
    cases.push_back(OperatorCase{"tenon", "ReluGrad", label, type}
                        .in(dy)
                        .in(x)
                        .host(HostTensor::scalar(type, threshold))
                        .out(dx));
  }
  const HostTensor limit = HostTensor::scalar(type, threshold);
  for (const auto& [label, dy_dims, x_dims] : {std::tuple{"of_a_row", Shape{3, 5}, Shape{5}},
                                               {"to_a_row", Shape{5, 1}, Shape{2, 1, 3}},
                                               {"scalars", Shape{}, Shape{}}}) {
    const HostTensor dy = HostTensor::random(type, dy_dims, -2, 2, 1);
    const HostTensor x = HostTensor::random(type, x_dims, -2, 2, 2);
    HostTensor dx(type, broadcast_shape(dy_dims, x_dims));
    for_each_index(dx.dims, [&](const Shape& i) {
      dx.at(i) = broadcast_at(x, i) <= threshold ? 0 : broadcast_at(dy, i);
    });
    cases.push_back(OperatorCase{"tenon", "ReluGrad", label, type}.in(dy).in(x).in(limit).out(dx));
  }
}

}  // namespace tenon::conformance
