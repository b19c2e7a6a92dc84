// SPDX-License-Identifier: Apache-2.0
//
// Losses.
#include <cmath>
#include <string>

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

struct NllOptions {
  const char* reduction = "mean";
  tn_dtype index = TN_INT64;
  Shape positions = {};  // Behind N and C.
  int64_t count = 5, classes = 4;
  int64_t ignored = -100;
  bool weighted = true;
};

void add_nll(Cases& cases, const char* label, tn_dtype type, const NllOptions& options) {
  const bool none = std::string(options.reduction) == "none";
  const bool mean = std::string(options.reduction) == "mean";
  Shape dims{options.count, options.classes}, places{options.count};
  dims.insert(dims.end(), options.positions.begin(), options.positions.end());
  places.insert(places.end(), options.positions.begin(), options.positions.end());
  const HostTensor x = HostTensor::random(type, dims, -4, -0.125, 1);
  HostTensor target =
      HostTensor::random(options.index, places, 0, static_cast<Real>(options.classes - 1), 4);
  if (target.count() > 2) target.values[2] = static_cast<Real>(options.ignored);
  const HostTensor weight = HostTensor::random(type, {options.classes}, 0.5, 2, 2);
  const auto weight_of = [&](int64_t t) { return options.weighted ? weight.at({t}) : 1; };
  const auto chosen = [&](const Shape& i, int64_t t) {
    Shape at{i[0], t};
    at.insert(at.end(), i.begin() + 1, i.end());
    return at;
  };
  Expected loss(type, none ? places : Shape{}), dx(type, dims);
  Sum sum, weights;
  for_each_index(places, [&](const Shape& i) {
    const auto t = static_cast<int64_t>(target.at(i));
    if (t == options.ignored) return;
    const Number one = -Number(weight_of(t)) * x.at(chosen(i, t));
    weights.add(weight_of(t));
    sum.add(one);
    if (none) loss.at(i) = one;
  });
  if (!none) loss.values[0] = mean ? sum.total() / weights.total() : sum.total();
  const Expected total(type, {}, {weights.total()});

  const HostTensor d_loss = HostTensor::random(type, loss.dims, 0.5, 2, 3);
  const HostTensor given_total = total.rounded();
  for_each_index(places, [&](const Shape& i) {
    const auto t = static_cast<int64_t>(target.at(i));
    if (t == options.ignored) return;
    const Number w = -Number(weight_of(t));
    const Number d = none ? d_loss.at(i) : d_loss.values[0];
    dx.at(chosen(i, t)) = mean ? w / given_total.values[0] * d : w * d;
  });
  const auto described = [&](const char* name) {
    OperatorCase c{"tenon", name, label, type};
    c.attribute("reduction", options.reduction);
    if (options.ignored != -100) c.attribute("ignore_index", options.ignored);
    return c;
  };
  OperatorCase forward = described("NllLoss"), backward = described("NllLossGrad");
  forward.in(x).in(target);
  backward.in(d_loss).in(x).in(target);
  if (options.weighted) forward.in(weight);
  options.weighted ? backward.in(weight) : backward.absent();
  cases.push_back(forward.out(loss).out(total));
  cases.push_back(backward.in(given_total).out(dx));
}

void add_nll_cases(Cases& cases, tn_dtype type) {
  add_nll(cases, "mean", type, {});
  add_nll(cases, "none", type, {.reduction = "none", .positions = {3}});
  add_nll(cases, "sum", type, {.reduction = "sum", .weighted = false});
  add_nll(cases, "int32", type, {.index = TN_INT32});
  add_nll(cases, "ignored", type, {.reduction = "none", .ignored = 1});
  add_nll(cases, "many_classes", type, {.classes = 4099});
  add_nll(cases, "planes", type, {.positions = {2, 3}, .ignored = -1});
  add_nll(cases, "many", type, {.reduction = "sum", .count = 4099, .classes = 3});
  add_nll(cases, "mean_unweighted", type, {.count = 17, .weighted = false});
}

void add_cross_entropy(Cases& cases, const char* label, tn_dtype type, tn_dtype index,
                       const Shape& dims, Real low = -3, Real high = 3) {
  const HostTensor logits = HostTensor::random(type, dims, low, high, 1);
  const Expected log_p = log_softmax(logits);
  const HostTensor classes =
      HostTensor::random(index, {dims[0]}, 0, static_cast<Real>(dims[1] - 1), 5);
  const HostTensor soft = HostTensor::random(type, dims, 0, 1, 2);
  Expected sparse_loss(type, {dims[0]}), loss = sparse_loss, sparse_back(type, dims),
                                         back = sparse_back;
  for (int64_t n = 0; n < dims[0]; ++n) {
    const int64_t label = static_cast<int64_t>(classes.at({n}));
    Sum mass, sum;
    for (int64_t c = 0; c < dims[1]; ++c) mass.add(soft.at({n, c}));
    sparse_loss.at({n}) = -log_p.at({n, label});
    for (int64_t c = 0; c < dims[1]; ++c) {
      const Number p = exp(log_p.at({n, c}));
      sum.add(-(Number(soft.at({n, c})) * log_p.at({n, c})));
      sparse_back.at({n, c}) = c == label ? p - 1.0L : p;
      back.at({n, c}) = p * mass.total() - soft.at({n, c});
    }
    loss.at({n}) = sum.total();
  }
  cases.push_back(OperatorCase{"tenon", "SparseSoftmaxCrossEntropy", label, type}
                      .in(logits)
                      .in(classes)
                      .out(sparse_loss)
                      .out(sparse_back));
  if (index != TN_INT64) return;
  cases.push_back(
      OperatorCase{"tenon", "SoftmaxCrossEntropy", label, type}.in(logits).in(soft).out(loss).out(
          back));
}

}  // namespace

void add_loss_cases(Cases& cases, tn_dtype type) {
  if (!in_set(type, type_set::kFloat)) return;
  add_nll_cases(cases, type);
  add_cross_entropy(cases, "values", type, TN_INT64, {4, 5});
  add_cross_entropy(cases, "int32", type, TN_INT32, {4, 5});
  // Exponentials of such numbers are infinite.
  add_cross_entropy(cases, "large", type, TN_INT64, {3, 17}, 940, 1000);
  add_cross_entropy(cases, "many_classes", type, TN_INT64, {2, 4099});
  add_cross_entropy(cases, "many", type, TN_INT64, {4099, 2});
  add_cross_entropy(cases, "tail", type, TN_INT64, {17, 65});
}

}  // namespace tenon::conformance
