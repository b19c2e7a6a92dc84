// SPDX-License-Identifier: Apache-2.0
//
// The reference device.
#include "reference_impl/cpu/platform.h"

#include "reference_impl/cpu/kernels/families.h"

namespace tenon::cpu {

const Platform& platform() {
  static const std::vector<Family> families = {
      {elementwise_operators, {{"*", 0, true}}},
      {cast_copy_operators, {{"Identity"}}},
      {reduction_operators, {}},
      {contraction_operators, {}},
      {pooling_operators, {}},
      {normalization_operators, {{"BatchNormTraining", 3}}},
      {movement_operators, {{"ScatterElements"}, {"IndexAdd"}}},
      {training_operators, {{"*"}}},
      {random_operators, {}},
      {test_operators, {{"*"}}},
  };
  static const Platform self{"cpu", "0.1.0",  {"tenon.cpu\0\0\0\0\0\0\1"},
                             "",    families, [](const tn_host&) {}};
  return self;
}

}  // namespace tenon::cpu
