// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/scale_loop.h"

namespace tenon::cpu {
namespace {

// The step of a scale or zero point where x goes one block on along dim `d`.
int64_t block_step(const View& view, const ScaleBlocks& blocks, int32_t d) {
  if (!view.present() || blocks.axis < 0) return 0;
  if (blocks.has_rank) return view.strides[d];
  return d == blocks.axis ? view.strides[0] : 0;
}

}  // namespace

ScaleLoop::ScaleLoop(const View& x, const View& y, const View& scale, const View& zero,
                     const ScaleBlocks& blocks, int64_t begin, int64_t end) {
  for (int32_t d = 0; d < x.rank; ++d) {
    const std::array<int64_t, 4> step{x.strides[d], y.strides[d], block_step(scale, blocks, d),
                                      block_step(zero, blocks, d)};
    if (d != blocks.axis) {
      add(x.dims[d], step);
      continue;
    }
    // Of one block no more than it has.
    const int64_t block = std::min(blocks.block, end - begin);
    base_ = {begin * step[0], begin * step[1], begin / blocks.block * step[2],
             begin / blocks.block * step[3]};
    add((end - begin) / block, {block * step[0], block * step[1], step[2], step[3]});
    add(block, {step[0], step[1], 0, 0});
  }
  order();
}

// The smallest steps of y innermost; neighbours that every operand walks as one are joined.
void ScaleLoop::order() {
  if (rank_ == 0) dims_[rank_++] = {1, {}};
  std::stable_sort(dims_, dims_ + rank_, [](const Dim& a, const Dim& b) {
    return std::abs(a.step[1]) > std::abs(b.step[1]);
  });
  size_t last = 0;
  for (size_t d = 1; d < rank_; ++d) {
    bool joins = true;
    for (size_t k = 0; k < 4; ++k)
      joins = joins && dims_[last].step[k] == dims_[d].size * dims_[d].step[k];
    if (joins) {
      dims_[last] = {dims_[last].size * dims_[d].size, dims_[d].step};
    } else {
      dims_[++last] = dims_[d];
    }
  }
  rank_ = last + 1;
}

}  // namespace tenon::cpu
