// SPDX-License-Identifier: Apache-2.0
#include "suite/case.h"

namespace tenon::conformance {

namespace {

Cases make_all() {
  Cases cases;
  for (const ElementType& row : kElementTypes) {
    const tn_dtype type = row.dtype;
    if (!in_set(type, type_set::kFloat)) continue;
    add_elementwise_cases(cases, type);
    add_gradient_cases(cases, type);
    add_contraction_cases(cases, type);
    add_fused_cases(cases, type);
    add_movement_cases(cases, type);
    add_index_cases(cases, type);
    add_normalization_cases(cases, type);
    add_pooling_cases(cases, type);
    add_reduction_cases(cases, type);
    add_loss_cases(cases, type);
    add_training_cases(cases, type);
  }
  add_elementwise_cases_of_other_types(cases);
  add_reduction_cases_of_other_types(cases);
  return cases;
}

}  // namespace

const Cases& all_cases() {
  static const Cases cases = make_all();
  return cases;
}

}  // namespace tenon::conformance
