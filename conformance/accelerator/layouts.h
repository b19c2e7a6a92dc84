// SPDX-License-Identifier: Apache-2.0
//
// The one layout token: channels last and packed. A tensor of dims [N, C, ...] lies as [N, ..., C']
// where C' is C filled up to a multiple of 16, with zeros. Matrices of weights are such tensors,
// too.
#pragma once

#include "tenon/device/layouts.h"

namespace tenon::accelerator {

using device::View;

inline constexpr tn_layout kPacked = TN_LAYOUT_FIRST_TOKEN + 6;
inline constexpr int64_t kBlock = 16;

inline int64_t packed_channels(int64_t channels) {
  return (channels + kBlock - 1) / kBlock * kBlock;
}

// Whether such a tensor can be packed: whole bytes, and channels.
inline bool can_pack(tn_dtype dtype, int32_t rank) {
  return rank >= 2 && tn_dtype_bits(dtype) >= 8;
}

// The strides of a packed tensor, in elements: what lies between them is filled up.
inline void packed_strides(const int64_t* dims, int32_t rank, int64_t* strides) {
  int64_t step = packed_channels(dims[1]);
  strides[1] = 1;
  for (int32_t d = rank - 1; d >= 0; --d) {
    if (d == 1) continue;
    strides[d] = step;
    step *= dims[d];
  }
}

// Writes the zeros. `data` is memory of the host.
void zero_padding(std::byte* data, tn_dtype dtype, const int64_t* dims, int32_t rank);

const device::Layouts& layouts();

}  // namespace tenon::accelerator
