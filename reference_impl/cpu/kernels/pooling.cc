// SPDX-License-Identifier: Apache-2.0
//
// The operators of spec/ops/pooling.yaml.
#include "reference_impl/cpu/kernels/pooling.h"

#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

std::span<const OperatorEntry> pooling_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {"", "MaxPool", 22, kFloatTypes | dtype_bit(TN_INT8) | dtype_bit(TN_UINT8), create_max_pool},
      {"tenon", "MaxPool", 1, kFloatTypes, create_max_pool_plane},
      {"tenon", "MaxPoolGrad", 1, kFloatTypes, create_max_pool_grad},
      {"", "AveragePool", 22, kFloatTypes, create_average_pool},
      {"tenon", "AveragePoolGrad", 1, kFloatTypes, create_average_pool_grad},
      {"", "GlobalAveragePool", 22, kFloatTypes, create_global_average_pool},
      {"", "GlobalMaxPool", 22, kFloatTypes, create_global_max_pool},
  };
  return kOperators;
}

}  // namespace tenon::cpu
