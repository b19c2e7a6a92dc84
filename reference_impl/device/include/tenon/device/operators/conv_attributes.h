// SPDX-License-Identifier: Apache-2.0
//
// Attributes of convolutions, and how their tensors' dims hang together.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "tenon/device/kernel.h"

namespace tenon::device {

// One spatial axis of a windowed tensor: at position o, tap t reads index
// o * step + first + t * increment, and 0 where that is outside [0, extent). `stride` is between
// indices, in elements.
struct WindowAxis {
  int64_t positions = 1, taps = 1;
  int64_t step = 1, first = 0, increment = 1;
  int64_t extent = 1, stride = 0;
};

// A part of dX along one axis: see ConvAttributes::grad_input_axis(). In elements.
struct ConvGradInputAxis {
  WindowAxis window;                            // Of dY.
  int64_t first_tap = 0, tap_stride = 0;        // In W.
  int64_t first_position = 0, position_stride;  // In dX.
};

// For spatial ranks 1 to 3, placed at the end of three axes; the axes before have extent 1.
struct ConvAttributes {
  int32_t spatial = 0;
  int64_t groups = 1;
  int64_t strides[3] = {1, 1, 1};
  int64_t dilations[3] = {1, 1, 1};
  int64_t pads_begin[3] = {}, pads_end[3] = {};
  int64_t kernel[3] = {};  // 0 where kernel_shape is not given.

  // `rank` is that of X, W and Y.
  ConvAttributes(const Description& description, int32_t rank);

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

  // How many positions W has along an axis of X: the dim of Y.
  int64_t positions(const View& x, const View& w, int32_t axis) const;

  // Throws unless X [N, C, ...], W [M, C / groups, ...] and Y [N, M, ...] fit together.
  void check(std::string_view op, const View& x, const View& w, const View& y) const;
  // The same of Conv's arguments (X, W, B; Y), and the answer where a host asks.
  void check_output(std::string_view op, const Arguments& a) const;
  // The same of ConvGradInput's (dY, W; dX) and ConvGradWeight's (dY, X; dW). Several sizes of dX
  // and dW give one of dY, so the caller alone decides them.
  void check_grad_input(std::string_view op, const Arguments& a) const;
  void check_grad_weight(std::string_view op, const Arguments& a) const;
};

}  // namespace tenon::device
