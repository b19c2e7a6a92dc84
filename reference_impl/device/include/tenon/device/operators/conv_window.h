// SPDX-License-Identifier: Apache-2.0
//
// The window of a convolution.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

#include "tenon/device/kernel.h"
#include "tenon/device/operators/attributes.h"

namespace tenon::device {

// One spatial axis of a windowed tensor: at position o, tap t reads index
// o * step + first + t * increment, and 0 where that is outside [0, extent). `stride` is between
// indices, in elements.
struct WindowAxis {
  int64_t positions = 1, taps = 1;
  int64_t step = 1, first = 0, increment = 1;
  int64_t extent = 1, stride = 0;
};

// A part of dX along one axis: see ConvWindow::grad_input_axis(). In elements.
struct ConvGradInputAxis {
  WindowAxis window;                            // Of dY.
  int64_t first_tap = 0, tap_stride = 0;        // In W.
  int64_t first_position = 0, position_stride;  // In dX.
};

// For spatial ranks 1 to 3, placed at the end of three axes; the axes before have extent 1.
struct ConvWindow {
  int32_t spatial = 0;
  int64_t groups = 1;
  int64_t strides[3] = {1, 1, 1};
  int64_t dilations[3] = {1, 1, 1};
  int64_t pads_begin[3] = {}, pads_end[3] = {};

  // Of the attributes of a convolution, whose X, W and Y have `rank`; throws where they are not of
  // that rank.
  ConvWindow(std::string_view op, const attributes::Conv& a, int32_t rank);

  // The first of the three axes that the tensors have.
  int32_t first_axis() const { return 3 - spatial; }
  int64_t dim(const View& view, int32_t axis) const {
    return axis < first_axis() ? 1 : view.dims[axis - first_axis() + 2];
  }
  int64_t stride(const View& view, int32_t axis) const {
    return axis < first_axis() ? 0 : view.strides[axis - first_axis() + 2];
  }
  // The window that W is on X.
  WindowAxis window(const View& x, const View& w, const View& y, int32_t axis) const;
  // dX[i] sums W[t] * dY[o] over the taps t and positions o with i = o * stride + t * dilation -
  // pad. Inputs i of one remainder modulo the stride meet the same taps, and neighbours among them
  // neighbouring positions: so for each remainder dX is a convolution of dY of stride one, with
  // nothing scattered.
  ConvGradInputAxis grad_input_axis(const View& dy, const View& w, const View& dx, int32_t axis,
                                    int64_t remainder) const;
  // Calls visit(std::array<int64_t, 3>) for the remainders of all axes.
  template <class Visit>
  void over_remainders(Visit&& visit) const {
    for (int64_t r0 = 0; r0 < strides[0]; ++r0)
      for (int64_t r1 = 0; r1 < strides[1]; ++r1)
        for (int64_t r2 = 0; r2 < strides[2]; ++r2) visit(std::array<int64_t, 3>{r0, r1, r2});
  }
};

// A list attribute of a window of so many dims, placed at the end of the three axes of one or two
// arrays; an empty one leaves them alone. Throws where it is of another length or out of range.
void place_window_list(std::string_view op, const char* attribute, int32_t spatial,
                       std::span<const int64_t> values, int64_t least,
                       std::initializer_list<int64_t*> arrays);
// Throws TN_UNSUPPORTED for windows that no kernel has.
void require_window(std::string_view op, int32_t spatial, AutoPad auto_pad);

}  // namespace tenon::device
