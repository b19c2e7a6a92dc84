// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/elementwise.h"

#include "reference_impl/cpu/kernels/families.h"

namespace tenon::cpu {

std::span<const OperatorEntry> elementwise_operators() {
  static const std::vector<OperatorEntry> all = [] {
    std::vector<OperatorEntry> entries;
    for (std::span<const OperatorEntry> part :
         {unary_operators(), math_operators(), trigonometry_operators(), activation_operators(),
          bit_operators(), binary_operators(), division_operators(), compare_operators(),
          where_clip_operators(), elementwise_grad_operators()})
      entries.insert(entries.end(), part.begin(), part.end());
    return entries;
  }();
  return all;
}

}  // namespace tenon::cpu
