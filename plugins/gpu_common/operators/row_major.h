// SPDX-License-Identifier: Apache-2.0
//
// Dims and strides for kernels that go by row-major index (place() of kernels/portable.h):
// innermost first, not reordered, neighbours joined where all tensors allow it.
#pragma once

#include <array>

#include "plugins/gpu_common/parameter.h"

namespace tenon::gpu {

template <int kOperands>
struct RowMajor {
  int64_t count = 1;
  int32_t rank = 0;  // At least 1 when made.
  Longs dims;
  Longs steps[kOperands];

  // A dim outside of those before.
  void add(int64_t dim, const std::array<int64_t, kOperands>& strides) {
    count *= dim;
    if (dim == 1) return;
    bool joins = rank > 0;
    for (int k = 0; joins && k < kOperands; ++k)
      joins = strides[k] == steps[k].v[rank - 1] * dims.v[rank - 1];
    if (joins) {
      dims.v[rank - 1] *= dim;
      return;
    }
    dims.v[rank] = dim;
    for (int k = 0; k < kOperands; ++k) steps[k].v[rank] = strides[k];
    ++rank;
  }
  // Behind the last add().
  void finish() {
    if (rank != 0) return;
    rank = 1;
    dims.v[0] = 1;
    for (Longs& step : steps) step.v[0] = 1;
  }

  // Tensors of the same dims.
  static RowMajor of(const std::array<const View*, kOperands>& views) {
    RowMajor made;
    for (int32_t d = views[0]->rank; d-- > 0;) {
      std::array<int64_t, kOperands> strides;
      for (int k = 0; k < kOperands; ++k) strides[k] = views[k]->strides[d];
      made.add(views[0]->dims[d], strides);
    }
    made.finish();
    return made;
  }
};

}  // namespace tenon::gpu
