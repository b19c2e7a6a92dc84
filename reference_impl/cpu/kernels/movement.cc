// SPDX-License-Identifier: Apache-2.0
//
// The list of the family.
#include <vector>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/indexing.h"

namespace tenon::cpu {

std::span<const OperatorEntry> movement_operators() {
  static const std::vector<OperatorEntry> all = [] {
    std::vector<OperatorEntry> entries;
    for (std::span<const OperatorEntry> part :
         {gather_operators(), scatter_operators(), scatter_block_operators(), pad_operators(),
          tile_operators(), sequence_operators(), nonzero_operators(), unique_operators(),
          topk_operators()})
      entries.insert(entries.end(), part.begin(), part.end());
    return entries;
  }();
  return all;
}

}  // namespace tenon::cpu
