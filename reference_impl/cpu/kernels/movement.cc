// SPDX-License-Identifier: Apache-2.0
//
// The list of the family, and what its files share.
#include <vector>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/indexing.h"

namespace tenon::cpu {

void throw_index(std::string_view op, int64_t index, int64_t extent) {
  throw_invalid(op, "index " + std::to_string(index) + " is out of range [" +
                        std::to_string(-extent) + ", " + std::to_string(extent - 1) + "]");
}

void require_index_type(const Description& desc, size_t input) {
  if (!desc.has_input(input))
    throw_invalid(desc.name(), "input " + std::to_string(input) + " is missing");
  if (!(kIndexTypes & dtype_bit(desc.input_dtype(input))))
    throw KernelError(TN_UNSUPPORTED, std::string(desc.name()) + ": indices are " +
                                          dtype_name(desc.input_dtype(input)) +
                                          ", expected int32 or int64");
}

std::span<const OperatorEntry> movement_operators() {
  static const std::vector<OperatorEntry> all = [] {
    std::vector<OperatorEntry> entries;
    for (std::span<const OperatorEntry> part :
         {gather_operators(), scatter_operators(), scatter_block_operators(), pad_operators(),
          tile_operators(), sequence_operators(), nonzero_operators(), topk_operators()})
      entries.insert(entries.end(), part.begin(), part.end());
    return entries;
  }();
  return all;
}

}  // namespace tenon::cpu
