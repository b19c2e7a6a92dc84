// SPDX-License-Identifier: Apache-2.0
//
// The halves of losses.
#include "tenon/device/operators/losses.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "tenon/device/operators/index_checks.h"

namespace tenon::device {
namespace {

// x [N, C, d1, ...] with a target [N, d1, ...] and a weight of each class.
void check_target(std::string_view op, const View& x, const View& target, const View& weight) {
  bool fits = x.rank >= 2 && target.rank == x.rank - 1 && target.dims[0] == x.dims[0];
  for (int32_t d = 2; fits && d < x.rank; ++d) fits = target.dims[d - 1] == x.dims[d];
  if (!fits)
    throw_invalid(op, "target " + dims_text(target.shape()) + " does not fit log_probabilities " +
                          dims_text(x.shape()));
  if (weight.present() && (weight.rank != 1 || weight.dims[0] != x.dims[1]))
    throw_dims(op, "weight", weight.shape(), {&x.dims[1], 1});
}

void check_single(std::string_view op, const char* argument, const View& view) {
  if (view.present() && view.count() != 1) throw_dims(op, argument, view.shape(), {});
}

bool is_index(tn_dtype dtype) { return (kIndexTypes & dtype_bit(dtype)) != 0; }

}  // namespace

CrossEntropyOperator::CrossEntropyOperator(const Description& d, bool sparse)
    : NamedOperator(d), sparse(sparse) {
  const tn_dtype dtype = d.input_dtype(0), labels = d.input_dtype(1);
  if (sparse ? !is_index(labels) : labels != dtype)
    throw_invalid(name, sparse ? "labels must be int32 or int64" : "labels must have logits' type");
  if (d.output_dtype(0) != dtype || d.output_dtype(1) != dtype)
    throw_invalid(name, "outputs must have logits' type");
}

void CrossEntropyOperator::check(const Arguments& a) const {
  static constexpr const char* kOutputs[] = {"loss", "backprop"};
  for (size_t i = 0; i < 2; ++i)
    check_output(name, kOutputs[i], a, i, shapes::cross_entropy(PointCall(name, a), *this, i));
  const View &logits = a.inputs[0], &labels = a.inputs[1];
  const std::span<const int64_t> rows = logits.shape().first(1);
  if (!sparse) {
    check_same_dims(name, "labels", labels, logits);
  } else if (labels.rank != 1 || labels.dims[0] != rows[0]) {
    throw_dims(name, "labels", labels.shape(), rows);
  }
}

NllLossOperator::NllLossOperator(const Description& d)
    : NamedOperator(d), attributes::TenonNllLoss(d) {
  if (!is_index(d.input_dtype(1))) throw_invalid(name, "target must be int64 or int32");
  for (size_t i = 0; i < 2; ++i)
    if (d.has_output(i) && d.output_dtype(i) != d.input_dtype(0))
      throw_invalid(name, "outputs must have log_probabilities' type");
}

void NllLossOperator::check(const Arguments& a) const {
  check_target(name, a.inputs[0], a.inputs[1], a.input(2));
  if (reduction == NllLossReduction::kNone) {
    check_output(name, "loss", a, 0, shapes::nll_loss(PointCall(name, a), *this, 0));
  } else {  // Of any rank.
    check_single_output(name, "loss", a, 0);
  }
  check_single_output(name, "total_weight", a, 1);
}

NllLossGradOperator::NllLossGradOperator(const Description& d)
    : NamedOperator(d), attributes::TenonNllLossGrad(d) {
  if (!is_index(d.input_dtype(2))) throw_invalid(name, "target must be int64 or int32");
  if (d.output_dtype(0) != d.input_dtype(0)) throw_invalid(name, "dLoss and dX must have one type");
}

void NllLossGradOperator::check(const Arguments& a) const {
  const View& x = a.inputs[1];
  check_output(name, "dX", a, 0, shapes::Like<1>()(PointCall(name, a), *this, 0));
  check_target(name, x, a.inputs[2], a.input(3));
  if (reduction == NllLossReduction::kNone) {
    check_same_dims(name, "dLoss", a.inputs[0], a.inputs[2]);
  } else {
    check_single(name, "dLoss", a.inputs[0]);
  }
  check_single(name, "total_weight", a.input(4));
  if (reduction == NllLossReduction::kMean && !a.input(4).present())
    throw_invalid(name, "the mean's gradient needs total_weight");
}

}  // namespace tenon::device
