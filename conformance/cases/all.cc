// SPDX-License-Identifier: Apache-2.0
#include "suite/case.h"

namespace tenon::conformance {

Cases all_cases() {
  Cases cases;
  add_elementwise_cases(cases);
  add_gradient_cases(cases);
  add_contraction_cases(cases);
  add_fused_cases(cases);
  add_movement_cases(cases);
  add_index_cases(cases);
  add_normalization_cases(cases);
  add_pooling_cases(cases);
  add_reduction_cases(cases);
  add_loss_cases(cases);
  add_training_cases(cases);
  return cases;
}

}  // namespace tenon::conformance
