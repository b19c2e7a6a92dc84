// SPDX-License-Identifier: Apache-2.0
//
// Gradients of elementwise operators.
#include <cmath>
#include <functional>
#include <limits>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

void add(Cases& cases, const char* name, double tolerance, double low, double high,
         double (*function)(double, double), bool expanded = false) {
  HostTensor dy = HostTensor::random(TN_FLOAT32, {3, 5, 7}, -2, 2, 1);
  if (expanded) dy = dy.expanded({0, 1, 2});
  const HostTensor x = HostTensor::random(TN_FLOAT32, {3, 5, 7}, low, high, 2);
  HostTensor dx(TN_FLOAT32, dy.dims);
  for (size_t i = 0; i < dx.values.size(); ++i) {
    dx.values[i] = function(dy.values[i], x.values[i]);
  }
  OperatorCase c{"tenon", name, 1, expanded ? "expanded" : "values", TN_FLOAT32, tolerance};
  cases.push_back(c.in(dy).in(x).out(HostTensor(dx.dtype, dx.dims, dx.values)));
  if (!expanded) add(cases, name, tolerance, low, high, function, true);
}

// A gradient of 0 stays 0 where the forward's derivative is infinite.
void add_no_gradient_at_the_pole(Cases& cases, const char* name, double pole) {
  OperatorCase c{"tenon", name, 1, "no gradient at the pole", TN_FLOAT32, 0};
  cases.push_back(c.in(HostTensor(TN_FLOAT32, {3}, {0, 0, 0}))
                      .in(HostTensor(TN_FLOAT32, {3}, {pole, 1, pole}))
                      .out(HostTensor(TN_FLOAT32, {3}, {0, 0, 0})));
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

void add_gradient_cases(Cases& cases) {
  add(cases, "TanhGrad", 1e-6, -1, 1, [](double d, double y) { return d * (1 - y * y); });
  add(cases, "SigmoidGrad", 1e-6, 0, 1, [](double d, double y) { return d * y * (1 - y); });
  add(cases, "GeluGrad", 2e-6, -4, 4, [](double d, double x) {
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    return d * (0.5 * std::erfc(-x / std::sqrt(2.0)) + x * density);
  });
  add(cases, "SiluGrad", 1e-6, -6, 6,
      [](double d, double x) { return d * sigmoid(x) * (1 + x * (1 - sigmoid(x))); });
  add(cases, "RsqrtGrad", 1e-6, 0.2, 3, [](double d, double y) { return -0.5 * d * y * y * y; });
  add(cases, "SqrtGrad", 1e-6, 0.2, 3, [](double d, double y) { return 0.5 * d / y; });
  add_no_gradient_at_the_pole(cases, "RsqrtGrad", std::numeric_limits<double>::infinity());
  add_no_gradient_at_the_pole(cases, "SqrtGrad", 0);

  const HostTensor dy = HostTensor::random(TN_FLOAT32, {40}, -2, 2, 1);
  const HostTensor x = HostTensor::random(TN_FLOAT32, {40}, -2, 2, 2);
  HostTensor dx = dy;
  for (size_t i = 0; i < dx.values.size(); ++i) {
    if (!(x.values[i] > 0.5)) dx.values[i] = 0;
  }
  cases.push_back(OperatorCase{"tenon", "ReluGrad", 1, "values"}
                      .in(dy)
                      .in(x)
                      .host(HostTensor::scalar(TN_FLOAT32, 0.5))
                      .out(dx));
}

}  // namespace tenon::conformance
