// SPDX-License-Identifier: Apache-2.0
//
// Losses.
#include <cmath>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor log_softmax(const HostTensor& x) {
  HostTensor y = x;
  for (int64_t n = 0; n < x.dims[0]; ++n) {
    double sum = 0;
    for (int64_t c = 0; c < x.dims[1]; ++c) sum += std::exp(x.at({n, c}));
    for (int64_t c = 0; c < x.dims[1]; ++c) y.at({n, c}) -= std::log(sum);
  }
  return y;
}

void add_nll(Cases& cases, const std::string& reduction) {
  constexpr int64_t kIgnored = -100;
  const HostTensor exact = log_softmax(HostTensor::random(TN_FLOAT32, {5, 4}, -2, 2, 1));
  const HostTensor x(TN_FLOAT32, exact.dims, exact.values);
  const HostTensor target(TN_INT64, {5}, {3, 0, double(kIgnored), 1, 2});
  const HostTensor weight = HostTensor::random(TN_FLOAT32, {4}, 0.5, 2, 2);
  const bool none = reduction == "none";
  HostTensor loss(TN_FLOAT32, none ? Shape{5} : Shape{}), total(TN_FLOAT32, Shape{});
  const HostTensor d_loss = HostTensor::random(TN_FLOAT32, loss.dims, 0.5, 2, 3);
  HostTensor dx(TN_FLOAT32, x.dims);
  for (const bool gradient : {false, true}) {
    for (int64_t n = 0; n < 5; ++n) {
      const int64_t t = static_cast<int64_t>(target.at({n}));
      if (t == kIgnored) continue;
      const double w = weight.at({t});
      if (!gradient) {
        total.values[0] += w;
        (none ? loss.at({n}) : loss.values[0]) += -w * x.at({n, t});
      } else {
        const double scale = reduction == "mean" ? total.values[0] : 1;
        dx.at({n, t}) = -w / scale * (none ? d_loss.at({n}) : d_loss.values[0]);
      }
    }
  }
  if (reduction == "mean") loss.values[0] /= total.values[0];
  const HostTensor total32(TN_FLOAT32, Shape{}, total.values);
  cases.push_back(OperatorCase{"tenon", "NllLoss", 1, reduction, TN_FLOAT32, 2e-6}
                      .in(x)
                      .in(target)
                      .in(weight)
                      .attribute("reduction", reduction)
                      .out(loss)
                      .out(total));
  cases.push_back(OperatorCase{"tenon", "NllLossGrad", 1, reduction, TN_FLOAT32, 2e-6}
                      .in(d_loss)
                      .in(x)
                      .in(target)
                      .in(weight)
                      .in(total32)
                      .attribute("reduction", reduction)
                      .out(dx));
}

void add_cross_entropy(Cases& cases) {
  const HostTensor logits = HostTensor::random(TN_FLOAT32, {4, 5}, -3, 3, 1);
  const HostTensor log_p = log_softmax(logits);
  const HostTensor classes(TN_INT64, {4}, {2, 0, 4, 1});
  const HostTensor soft = HostTensor::random(TN_FLOAT32, {4, 5}, 0, 1, 2);
  HostTensor sparse_loss(TN_FLOAT32, {4}), loss = sparse_loss, sparse_back = logits, back = logits;
  for (int64_t n = 0; n < 4; ++n) {
    const int64_t label = static_cast<int64_t>(classes.at({n}));
    double mass = 0;
    for (int64_t c = 0; c < 5; ++c) mass += soft.at({n, c});
    sparse_loss.at({n}) = -log_p.at({n, label});
    for (int64_t c = 0; c < 5; ++c) {
      const double p = std::exp(log_p.at({n, c}));
      loss.at({n}) -= soft.at({n, c}) * log_p.at({n, c});
      sparse_back.at({n, c}) = p - (c == label);
      back.at({n, c}) = p * mass - soft.at({n, c});
    }
  }
  cases.push_back(OperatorCase{"tenon", "SparseSoftmaxCrossEntropy", 1, "values", TN_FLOAT32, 2e-6}
                      .in(logits)
                      .in(classes)
                      .out(sparse_loss)
                      .out(sparse_back));
  cases.push_back(OperatorCase{"tenon", "SoftmaxCrossEntropy", 1, "values", TN_FLOAT32, 2e-6}
                      .in(logits)
                      .in(soft)
                      .out(loss)
                      .out(back));
}

}  // namespace

void add_loss_cases(Cases& cases) {
  for (const char* reduction : {"none", "sum", "mean"}) add_nll(cases, reduction);
  add_cross_entropy(cases);
}

}  // namespace tenon::conformance
