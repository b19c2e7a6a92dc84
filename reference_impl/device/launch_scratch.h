// SPDX-License-Identifier: Apache-2.0
//
// Room for the arguments of launches with more of them than fit on the stack (Concat of many
// tensors). Kept by the stream, so that it grows once and not at every launch.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tenon/device/kernel.h"

namespace tenon::device {

// The bytes that an argument addresses: [begin, end). Empty: none.
struct ByteRange {
  uintptr_t begin = 0;
  uintptr_t end = 0;
};

using Strides = std::array<int64_t, TN_MAX_RANK>;

struct LaunchScratch {
  std::vector<View> views;
  std::vector<ByteRange> ranges;
  std::vector<Strides> strides;

  void reserve(size_t count) {
    if (views.size() >= count) return;
    views.resize(count);
    ranges.resize(count);
    strides.resize(count);
  }
};

}  // namespace tenon::device
