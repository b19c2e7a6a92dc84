// SPDX-License-Identifier: Apache-2.0
//
// The operators of spec/ops/contraction.yaml.
#include "reference_impl/cpu/kernels/contraction.h"

#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

std::span<const OperatorEntry> contraction_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kMatMul, kNumericTypes, create_matmul},
      {op::kGemm, kFloatTypes, create_gemm},
      {op::kTenonScaledGemm, kFloatTypes, create_scaled_gemm},
      {op::kConv, kFloatTypes, create_conv},
      {op::kTenonFusedConv, kFloatTypes, create_fused_conv},
      {op::kTenonFusedMatMul, kFloatTypes, create_fused_matmul},
      {op::kTenonConvGradInput, kFloatTypes, create_conv_grad_input},
      {op::kTenonConvGradWeight, kFloatTypes, create_conv_grad_weight},
  };
  return kOperators;
}

}  // namespace tenon::cpu
