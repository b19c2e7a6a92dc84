// SPDX-License-Identifier: Apache-2.0
//
// The window of a pooling operator.
#pragma once

#include <algorithm>
#include <string_view>

#include "tenon/device/kernel.h"
#include "tenon/device/operators/conv_window.h"

namespace tenon::device {

// For spatial ranks 1 to 3, placed at the end of three axes; the axes before have extent 1.
struct PoolWindow {
  int32_t spatial = 0;
  int64_t kernel[3] = {1, 1, 1};
  int64_t strides[3] = {1, 1, 1};
  int64_t dilations[3] = {1, 1, 1};
  int64_t pads_begin[3] = {}, pads_end[3] = {};
  bool ceil_mode = false;

  // Of the attributes of a pool, whose input has `rank`; throws where they are not of that rank.
  template <class Attributes>
  PoolWindow(std::string_view op, const Attributes& a, int32_t rank)
      : spatial(rank - 2), ceil_mode(a.ceil_mode) {
    place(op, a.auto_pad, a.kernel_shape, a.strides, a.dilations, a.pads);
  }

  int32_t first_axis() const { return 3 - spatial; }
  int64_t dim(const View& view, int32_t axis) const {
    return axis < first_axis() ? 1 : view.dims[axis - first_axis() + 2];
  }
  int64_t stride(const View& view, int32_t axis) const {
    return axis < first_axis() ? 0 : view.strides[axis - first_axis() + 2];
  }
  // The source index at position `o` and tap `t`.
  int64_t source(int32_t axis, int64_t o, int64_t t) const {
    return o * strides[axis] + t * dilations[axis] - pads_begin[axis];
  }
  struct Taps {
    int64_t begin, end;
  };
  // All taps whose index, at some position from `first` to `last`, lies in [low, high): far fewer
  // than the kernel has where most of it is padding.
  Taps taps_within(int32_t axis, int64_t first, int64_t last, int64_t low, int64_t high) const {
    const int64_t front = source(axis, first, 0), back = source(axis, last, 0);
    const int64_t begin = back >= low ? 0 : (low - back - 1) / dilations[axis] + 1;
    const int64_t end = front >= high ? 0 : (high - front - 1) / dilations[axis] + 1;
    return {begin, std::min(end, kernel[axis])};
  }
  // How many of them there are at position `o`.
  int64_t count_within(int32_t axis, int64_t o, int64_t low, int64_t high) const {
    const Taps taps = taps_within(axis, o, o, low, high);
    return std::max<int64_t>(taps.end - taps.begin, 0);
  }

 private:
  using List = std::span<const int64_t>;
  void place(std::string_view op, AutoPad auto_pad, List taps, List steps, List spaces, List pads);
};

}  // namespace tenon::device
