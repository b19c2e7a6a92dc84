// SPDX-License-Identifier: Apache-2.0
//
// Losses.
#include <cmath>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

Expected log_softmax(const HostTensor& x) {
  Expected y(x.dtype, x.dims);
  for (int64_t n = 0; n < x.dims[0]; ++n) {
    Real most = -INFINITY;
    for (int64_t c = 0; c < x.dims[1]; ++c) most = std::fmax(most, x.at({n, c}));
    Sum sum;
    for (int64_t c = 0; c < x.dims[1]; ++c) sum.add(exp(Number(x.at({n, c})) - most));
    for (int64_t c = 0; c < x.dims[1]; ++c) {
      y.at({n, c}) = Number(x.at({n, c})) - most - log(sum.total());
    }
  }
  return y;
}

void add_nll(Cases& cases, tn_dtype type, const std::string& reduction,
             tn_dtype index = TN_INT64) {
  constexpr int64_t kIgnored = -100;
  const std::string label = reduction + (index == TN_INT64 ? "" : "_int32");
  const HostTensor x = log_softmax(HostTensor::random(type, {5, 4}, -2, 2, 1)).rounded();
  const HostTensor target(index, {5}, {3, 0, Real(kIgnored), 1, 2});
  const HostTensor weight = HostTensor::random(type, {4}, 0.5, 2, 2);
  const bool none = reduction == "none", mean = reduction == "mean";
  Expected loss(type, none ? Shape{5} : Shape{}), dx(type, x.dims);
  Sum sum, weights;
  for (int64_t n = 0; n < 5; ++n) {
    const int64_t t = static_cast<int64_t>(target.at({n}));
    if (t == kIgnored) continue;
    const Number one = -Number(weight.at({t})) * x.at({n, t});
    weights.add(weight.at({t}));
    sum.add(one);
    if (none) loss.at({n}) = one;
  }
  if (!none) loss.values[0] = mean ? sum.total() / weights.total() : sum.total();
  const Expected total(type, {}, {weights.total()});

  const HostTensor d_loss = HostTensor::random(type, loss.dims, 0.5, 2, 3);
  const HostTensor given_total = total.rounded();
  for (int64_t n = 0; n < 5; ++n) {
    const int64_t t = static_cast<int64_t>(target.at({n}));
    if (t == kIgnored) continue;
    const Number w = -Number(weight.at({t}));
    const Number d = none ? d_loss.at({n}) : d_loss.values[0];
    dx.at({n, t}) = mean ? w / given_total.values[0] * d : w * d;
  }
  cases.push_back(OperatorCase{"tenon", "NllLoss", label, type}
                      .in(x)
                      .in(target)
                      .in(weight)
                      .attribute("reduction", reduction)
                      .out(loss)
                      .out(total));
  cases.push_back(OperatorCase{"tenon", "NllLossGrad", label, type}
                      .in(d_loss)
                      .in(x)
                      .in(target)
                      .in(weight)
                      .in(given_total)
                      .attribute("reduction", reduction)
                      .out(dx));
}

void add_cross_entropy(Cases& cases, tn_dtype type, tn_dtype index) {
  const HostTensor logits = HostTensor::random(type, {4, 5}, -3, 3, 1);
  const Expected log_p = log_softmax(logits);
  const HostTensor classes(index, {4}, {2, 0, 4, 1});
  const HostTensor soft = HostTensor::random(type, {4, 5}, 0, 1, 2);
  Expected sparse_loss(type, {4}), loss = sparse_loss, sparse_back(type, {4, 5}),
                                   back = sparse_back;
  for (int64_t n = 0; n < 4; ++n) {
    const int64_t label = static_cast<int64_t>(classes.at({n}));
    Sum mass, sum;
    for (int64_t c = 0; c < 5; ++c) mass.add(soft.at({n, c}));
    sparse_loss.at({n}) = -log_p.at({n, label});
    for (int64_t c = 0; c < 5; ++c) {
      const Number p = exp(log_p.at({n, c}));
      sum.add(-(Number(soft.at({n, c})) * log_p.at({n, c})));
      sparse_back.at({n, c}) = c == label ? p - 1.0L : p;
      back.at({n, c}) = p * mass.total() - soft.at({n, c});
    }
    loss.at({n}) = sum.total();
  }
  cases.push_back(OperatorCase{"tenon", "SparseSoftmaxCrossEntropy",
                              index == TN_INT64 ? "values" : "int32", type}
                      .in(logits)
                      .in(classes)
                      .out(sparse_loss)
                      .out(sparse_back));
  if (index != TN_INT64) return;
  cases.push_back(OperatorCase{"tenon", "SoftmaxCrossEntropy", "values", type}
                      .in(logits)
                      .in(soft)
                      .out(loss)
                      .out(back));
}

}  // namespace

void add_loss_cases(Cases& cases, tn_dtype type) {
  if (!in_set(type, type_set::kFloat)) return;
  for (const char* reduction : {"none", "sum", "mean"}) add_nll(cases, type, reduction);
  add_nll(cases, type, "mean", TN_INT32);
  add_cross_entropy(cases, type, TN_INT64);
  add_cross_entropy(cases, type, TN_INT32);
}

}  // namespace tenon::conformance
