// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "runtime/onnx/steps.h"

namespace tenon::runtime::onnx_import {

// The largest first, each at the lowest place that is free while it is in use.
uint64_t place_slots(std::vector<Slot>& slots, uint64_t alignment) {
  const auto rounded = [&](uint64_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
  };
  std::vector<size_t> order(slots.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return slots[a].bytes > slots[b].bytes; });
  std::vector<const Slot*> placed;  // By offset.
  uint64_t total = 0;
  for (const size_t i : order) {
    Slot& slot = slots[i];
    const uint64_t bytes = rounded(slot.bytes);
    slot.offset = 0;
    for (const Slot* other : placed) {
      if (other->last < slot.first || slot.last < other->first) continue;
      if (slot.offset + bytes <= other->offset) break;
      slot.offset = std::max(slot.offset, other->offset + rounded(other->bytes));
    }
    total = std::max(total, slot.offset + bytes);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), slot.offset,
                         [](uint64_t offset, const Slot* other) { return offset < other->offset; }),
        &slot);
  }
  return total;
}

}  // namespace tenon::runtime::onnx_import
