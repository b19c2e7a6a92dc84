// SPDX-License-Identifier: Apache-2.0
//
// Conversion of runs of elements between any two types.
#pragma once

#include <cstdint>

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

// `size` elements from element offset `src_offset` of `src`, `src_stride` elements apart.
struct ConvertRun {
  std::byte* dst;
  const std::byte* src;
  int64_t dst_offset;
  int64_t src_offset;
  int64_t size;
  int64_t dst_stride;
  int64_t src_stride;
  bool saturate;  // For 8-bit floats.
};

using Convert = void (*)(const ConvertRun& run, tn_dtype to, tn_dtype from);

// The function for two types: a loop of its own for the common ones, else by way of a wide type.
// Never null.
//
// Floats round to nearest even and in one step. Float to integer truncates; out of range the result
// is unspecified, but the same each time. Integers wrap. To bool: not equal to zero. Of complex
// numbers the real part is taken, reals become it.
Convert find_convert(tn_dtype to, tn_dtype from);

}  // namespace tenon::cpu
