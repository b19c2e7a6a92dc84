// SPDX-License-Identifier: Apache-2.0
//
// A walk over a tensor, its quantized form, and the scales and zero points of its elements.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/quantized.h"

namespace tenon::cpu {

// Elements of x, y, the scale and the zero point: places and steps, in elements. A step of 0: one
// for all.
struct ScaleRun {
  std::array<int64_t, 4> at, step;
  int64_t size;

  ScaleRun part(int64_t begin, int64_t count) const {
    ScaleRun run{at, step, count};
    for (size_t k = 0; k < 4; ++k) run.at[k] += begin * step[k];
    return run;
  }
};

// One walk in which each dim moves every operand by a step of its own.
class ScaleLoop {
 public:
  // Elements [begin, end) of x along the axis that has blocks; `end` ends a block, or x. Absent
  // zero points have steps of 0.
  ScaleLoop(const View& x, const View& y, const View& scale, const View& zero,
            const ScaleBlocks& blocks, int64_t begin, int64_t end);

  // Calls body(run) for all elements, on several threads; in order on one with `serial`, for y of
  // elements that share bytes.
  template <class Body>
  void each(const Execution& execution, bool serial, Body&& body) const {
    constexpr int64_t kElements = 16384;
    int64_t outer = 1;
    for (size_t d = 0; d + 1 < rank_; ++d) outer *= dims_[d].size;
    const Dim& inner = dims_[rank_ - 1];
    const auto rows = [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        ScaleRun run{base_, inner.step, inner.size};
        int64_t rest = row;
        for (size_t d = rank_ - 1; d-- > 0; rest /= dims_[d].size) {
          for (size_t k = 0; k < 4; ++k) run.at[k] += rest % dims_[d].size * dims_[d].step[k];
        }
        body(run);
      }
    };
    if (serial) return rows(0, outer);
    if (outer > 1)
      return execution.parallel_for(outer, std::max<int64_t>(1, kElements / inner.size), rows);
    const ScaleRun whole{base_, inner.step, inner.size};
    execution.parallel_for(inner.size, kElements, [&](int64_t first, int64_t last) {
      body(whole.part(first, last - first));
    });
  }

 private:
  struct Dim {
    int64_t size;
    std::array<int64_t, 4> step;
  };
  void add(int64_t size, std::array<int64_t, 4> step) {
    if (size != 1) dims_[rank_++] = {size, step};
  }
  void order();

  Dim dims_[TN_MAX_RANK + 1];  // Outermost first; at least one.
  size_t rank_ = 0;
  std::array<int64_t, 4> base_{};
};

// Walks all of x, which has elements: whole blocks first, then what is left of the last.
template <class Body>
void over_scales(const View& x, const View& y, const View& scale, const View& zero,
                 const ScaleBlocks& blocks, const Execution& execution, bool serial, Body&& body) {
  const int64_t extent = blocks.axis < 0 ? 0 : x.dims[blocks.axis];
  const int64_t whole = extent - extent % blocks.block;
  if (whole > 0 || blocks.axis < 0)
    ScaleLoop(x, y, scale, zero, blocks, 0, whole).each(execution, serial, body);
  if (whole < extent)
    ScaleLoop(x, y, scale, zero, blocks, whole, extent).each(execution, serial, body);
}

}  // namespace tenon::cpu
