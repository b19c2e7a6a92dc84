// SPDX-License-Identifier: Apache-2.0
//
// The operators of spec/ops/contraction.yaml.
#include "reference_impl/cpu/kernels/contraction.h"

#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

std::span<const OperatorEntry> contraction_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {"", "MatMul", 13, kNumericTypes, create_matmul},
      {"", "Gemm", 13, kFloatTypes, create_gemm},
      {"tenon", "ScaledGemm", 1, kFloatTypes, create_scaled_gemm},
      {"", "Conv", 22, kFloatTypes, create_conv},
      {"tenon", "FusedConv", 1, kFloatTypes, create_fused_conv},
      {"tenon", "FusedMatMul", 1, kFloatTypes, create_fused_matmul},
      {"tenon", "ConvGradInput", 1, kFloatTypes, create_conv_grad_input},
      {"tenon", "ConvGradWeight", 1, kFloatTypes, create_conv_grad_weight},
  };
  return kOperators;
}

}  // namespace tenon::cpu
