// SPDX-License-Identifier: Apache-2.0
//
// The losses and optimizer steps of spec/ops/training.yaml; random.cc has the random numbers.
#include "reference_impl/cpu/kernels/training.h"

#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

std::span<const OperatorEntry> training_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kTenonNllLoss, kFloatTypes, create_nll_loss},
      {op::kTenonNllLossGrad, kFloatTypes, create_nll_loss_grad},
      {op::kTenonSparseSoftmaxCrossEntropy, kFloatTypes, create_sparse_softmax_cross_entropy},
      {op::kTenonSoftmaxCrossEntropy, kFloatTypes, create_softmax_cross_entropy},
      {op::kTenonAdamW, kFloatTypes, create_adamw},
      {op::kTenonSgdMomentum, kFloatTypes, create_sgd_momentum},
  };
  return kOperators;
}

}  // namespace tenon::cpu
