// SPDX-License-Identifier: Apache-2.0
//
// The operators of spec/ops/pooling.yaml.
#include "reference_impl/cpu/kernels/pooling.h"

#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

std::span<const OperatorEntry> pooling_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kMaxPool, kFloatTypes | dtype_bit(TN_INT8) | dtype_bit(TN_UINT8), create_max_pool},
      {op::kTenonMaxPool, kFloatTypes, create_max_pool_plane},
      {op::kTenonMaxPoolGrad, kFloatTypes, create_max_pool_grad},
      {op::kAveragePool, kFloatTypes, create_average_pool},
      {op::kTenonAveragePoolGrad, kFloatTypes, create_average_pool_grad},
      {op::kGlobalAveragePool, kFloatTypes, create_global_average_pool},
      {op::kGlobalMaxPool, kFloatTypes, create_global_max_pool},
  };
  return kOperators;
}

}  // namespace tenon::cpu
