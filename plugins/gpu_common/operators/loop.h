// SPDX-License-Identifier: Apache-2.0
//
// The host half of kernels/loop.h: tensors of the same dims walked row by row.
#pragma once

#include <array>

#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/walk.h"

namespace tenon::gpu {

// As in kernels/loop.h.
inline constexpr int kLoopRank = 8;
template <int kOperands>
struct Loop {
  int64_t count = 0, chunk = 0;
  int32_t rank = 1, host = 0;
  int64_t dims[kLoopRank] = {};
  int64_t steps[kOperands][kLoopRank] = {};
};

// Calls launch(loop, grid, views) for what kernels/loop.h walks at once: nearly always everything,
// else (more than kLoopRank dims are left when neighbours have been joined) for each position of
// the outer dims, with views that begin there. operands[i] broadcasts to the dims of operands[0].
// `weight` is that of element_grid(). Nothing is called when there are no elements.
template <int kOperands, class Launch>
void for_each_loop(const Limits& limits, const std::array<const View*, kOperands>& operands,
                   int64_t weight, Launch&& launch) {
  const Walk<kOperands> walk(operands);
  if (walk.count == 0) return;
  Loop<kOperands> loop;
  loop.rank = std::min<int32_t>(walk.rank, kLoopRank);
  loop.count = 1;
  for (int32_t d = 0; d < loop.rank; ++d) {
    loop.dims[d] = walk.dims.v[d];
    loop.count *= walk.dims.v[d];
    for (int k = 0; k < kOperands; ++k) loop.steps[k][d] = walk.steps[k].v[d];
  }
  const Grid grid = element_grid(limits, loop.count, &loop.chunk, weight);
  for (int64_t outer = 0; outer < walk.count / loop.count; ++outer) {
    std::array<View, kOperands> views;
    for (int k = 0; k < kOperands; ++k) {
      views[k] = *operands[k];
      int64_t rest = outer, place = 0;
      for (int32_t d = kLoopRank; d < walk.rank; rest /= walk.dims.v[d++])
        place += rest % walk.dims.v[d] * walk.steps[k].v[d];
      if (place != 0) views[k].data += place * (tn_dtype_bits(views[k].dtype) / 8);
    }
    launch(loop, grid, views);
  }
}

}  // namespace tenon::gpu
