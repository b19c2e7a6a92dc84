// SPDX-License-Identifier: Apache-2.0
//
// The losses and optimizer steps of spec/ops/training.yaml; random.cc has the random numbers.
#include "reference_impl/cpu/kernels/training.h"

#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

std::span<const OperatorEntry> training_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {"tenon", "NllLoss", 1, kFloatTypes, create_nll_loss},
      {"tenon", "NllLossGrad", 1, kFloatTypes, create_nll_loss_grad},
      {"tenon", "SparseSoftmaxCrossEntropy", 1, kFloatTypes, create_sparse_softmax_cross_entropy},
      {"tenon", "SoftmaxCrossEntropy", 1, kFloatTypes, create_softmax_cross_entropy},
      {"tenon", "AdamW", 1, kFloatTypes, create_adamw},
      {"tenon", "SgdMomentum", 1, kFloatTypes, create_sgd_momentum},
  };
  return kOperators;
}

}  // namespace tenon::cpu
