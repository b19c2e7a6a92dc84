// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/platform.h"

namespace tenon::cpu {

std::span<const device::Family> reference_families() {
  static const std::vector<device::Family> families = {
      {elementwise_operators, {{"*", 0, true}}},
      {cast_copy_operators, {{"Identity"}}},
      {reduction_operators, {}},
      {contraction_operators, {}},
      {pooling_operators, {}},
      {normalization_operators, {{"BatchNormTraining", 3}}},
      {movement_operators, {{"ScatterElements"}, {"IndexAdd"}}},
      {training_operators, {{"*"}}},
      {random_operators, {}},
      {signal_operators, {}},
  };
  return families;
}

}  // namespace tenon::cpu
