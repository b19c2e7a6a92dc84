// SPDX-License-Identifier: Apache-2.0
//
// How a kernel walks several tensors that broadcast to the same dims: as few dims as they allow,
// innermost first, with the step of each tensor in elements. Dense tensors give rank 1 and steps 1.
#pragma once

#include <algorithm>

#include "plugins/gpu_common/parameter.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::gpu {

template <int kOperands>
struct Walk {
  int64_t count = 0;  // Elements.
  int32_t rank = 1;   // At least 1.
  Longs dims;
  Longs steps[kOperands];

  // operands[i] broadcasts to the dims of operands[0]. Elements are of whole bytes.
  explicit Walk(const std::array<const View*, kOperands>& operands) {
    const View& first = *operands[0];
    const device::StridedLoop<kOperands> loop(operands.data(), first.dims, first.rank);
    count = loop.count();
    rank = loop.rank();
    for (int32_t d = 0; d < rank; ++d) dims.v[d] = loop.dim(d);
    for (int k = 0; k < kOperands; ++k) {
      const int64_t bytes = std::max<int64_t>(tn_dtype_bits(operands[k]->dtype) / 8, 1);
      for (int32_t d = 0; d < rank; ++d) steps[k].v[d] = loop.stride(d, k) / bytes;
    }
  }

  // One row in which every tensor steps by one.
  bool dense() const {
    if (rank != 1) return false;
    for (const Longs& step : steps) {
      if (step.v[0] != 1 && dims.v[0] != 1) return false;
    }
    return true;
  }
};

}  // namespace tenon::gpu
