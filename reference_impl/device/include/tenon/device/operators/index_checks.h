// SPDX-License-Identifier: Apache-2.0
//
// Inputs of indices: their type, and that they lie within a dim.
#pragma once

#include <string_view>

#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

inline constexpr uint64_t kIndexTypes = dtype_bit(TN_INT32) | dtype_bit(TN_INT64);

[[noreturn]] void throw_index(std::string_view op, int64_t index, int64_t extent);

// The index as an offset from the start; negative ones count from the end.
TENON_INLINE int64_t checked_index(std::string_view op, int64_t index, int64_t extent) {
  const int64_t wrapped = index < 0 ? index + extent : index;
  if (wrapped < 0 || wrapped >= extent) [[unlikely]]
    throw_index(op, index, extent);
  return wrapped;
}

// Throws unless the input is there and of such a type.
void require_index_type(const Description& desc, size_t input);

}  // namespace tenon::device
