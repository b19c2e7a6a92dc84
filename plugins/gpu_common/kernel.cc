// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/kernel.h"

#include <algorithm>

#include "plugins/gpu_common/backend.h"

namespace tenon::gpu {

Machine& machine_of(const device::Description& description) {
  return static_cast<Backend*>(description.backend())->machine(description.flushes_subnormals());
}

void Kernel::run(const Arguments& arguments, const device::Execution& execution) const {
  Queue& queue = static_cast<const StreamExecution&>(execution).queue();
  queue.check_data(arguments.check_data);
  enqueue(arguments, queue);
}

Grid element_grid(const Limits& limits, int64_t count, int64_t* chunk, int64_t weight) {
  Grid grid;
  if (!limits.is_cpu) {
    // GLOBAL_ID has 32 bits, and the last group may reach beyond the count.
    constexpr int64_t kMost = int64_t{1} << 31;
    count = std::max<int64_t>(count, 0);
    *chunk = std::max<int64_t>(1, (count + kMost - 1) / kMost);
    grid.global[0] = static_cast<uint64_t>((count + *chunk - 1) / *chunk);
    return grid;
  }
  // Pieces that are worth handing out, and enough of them for every core to be busy to the end.
  constexpr int64_t kWorth = 16384;
  const int64_t least = std::max<int64_t>(1, kWorth / std::max<int64_t>(1, weight));
  const int64_t even = count / (int64_t{limits.units} * 4);
  *chunk = (std::max(least, even) + 63) / 64 * 64;
  if (least < 64) *chunk = std::max(least, even);
  grid.global[0] = static_cast<uint64_t>((std::max<int64_t>(count, 0) + *chunk - 1) / *chunk);
  return grid;
}

}  // namespace tenon::gpu
