// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of losses.
#include "tenon/device/operators/operator_dims.h"

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

}  // namespace

void check_cross_entropy(std::string_view op, const Arguments& a, bool sparse) {
  const View &logits = a.inputs[0], &labels = a.inputs[1];
  if (logits.rank != 2) throw_invalid(op, "logits have dims " + dims_text(logits.shape()));
  const std::span<const int64_t> rows = logits.shape().first(1);
  if (!sparse) {
    check_same_dims(op, "labels", labels, logits);
  } else if (labels.rank != 1 || labels.dims[0] != rows[0]) {
    throw_dims(op, "labels", labels.shape(), rows);
  }
  check_output(op, "loss", a, 0, rows);
  check_output(op, "backprop", a, 1, logits.shape());
}

LossReduction loss_reduction(const Description& d) {
  const std::string text = d.text("reduction");
  if (text == "none") return LossReduction::kNone;
  if (text == "sum") return LossReduction::kSum;
  if (text == "mean") return LossReduction::kMean;
  throw_invalid(d.name(), "reduction is none, sum or mean, not " + text);
}

void check_nll_loss(std::string_view op, const Arguments& a, LossReduction reduction) {
  check_target(op, a.inputs[0], a.inputs[1], a.input(2));
  if (reduction == LossReduction::kNone) {
    check_output(op, "loss", a, 0, a.inputs[1].shape());
  } else {
    check_single_output(op, "loss", a, 0);
  }
  check_single_output(op, "total_weight", a, 1);
}

void check_nll_loss_grad(std::string_view op, const Arguments& a, LossReduction reduction) {
  const View& x = a.inputs[1];
  check_output(op, "dX", a, 0, x.shape());
  check_target(op, x, a.inputs[2], a.input(3));
  if (reduction == LossReduction::kNone) {
    check_same_dims(op, "dLoss", a.inputs[0], a.inputs[2]);
  } else {
    check_single(op, "dLoss", a.inputs[0]);
  }
  check_single(op, "total_weight", a.input(4));
  if (reduction == LossReduction::kMean && !a.input(4).present())
    throw_invalid(op, "the mean's gradient needs total_weight");
}

}  // namespace tenon::device
