// SPDX-License-Identifier: Apache-2.0
//
// The operators of spec/ops/quantized.yaml.
#include "reference_impl/cpu/kernels/quantized.h"

#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

std::span<const OperatorEntry> quantized_operators() {
  // Each takes all that the contract allows.
  static constexpr uint64_t kAll = type_set::kAll;
  static constexpr OperatorEntry kOperators[] = {
      {op::kQuantizeLinear, kAll, create_quantize_linear},
      {op::kDequantizeLinear, kAll, create_dequantize_linear},
      {op::kDynamicQuantizeLinear, kAll, create_dynamic_quantize_linear},
      {op::kMatMulInteger, kAll, create_matmul_integer},
      {op::kConvInteger, kAll, create_conv_integer},
      {op::kQLinearMatMul, kAll, create_qlinear_matmul},
      {op::kQLinearConv, kAll, create_qlinear_conv},
      {op::kMicrosoftMatMulNBits, kAll, create_matmul_nbits},
      {op::kMicrosoftMatMulIntegerToFloat, kAll, create_matmul_integer_to_float},
      {op::kMicrosoftDynamicQuantizeMatMul, kAll, create_dynamic_quantize_matmul},
      {op::kMicrosoftQGemm, kAll, create_qgemm},
      {op::kMicrosoftQLinearAdd, kAll, create_qlinear_add},
      {op::kMicrosoftQLinearMul, kAll, create_qlinear_mul},
      {op::kMicrosoftQLinearConcat, kAll, create_qlinear_concat},
      {op::kMicrosoftQLinearSigmoid, kAll, create_qlinear_sigmoid},
      {op::kMicrosoftQLinearLeakyRelu, kAll, create_qlinear_leaky_relu},
      {op::kMicrosoftQLinearAveragePool, kAll, create_qlinear_average_pool},
      {op::kMicrosoftQLinearGlobalAveragePool, kAll, create_qlinear_global_average_pool},
  };
  return kOperators;
}

}  // namespace tenon::cpu
