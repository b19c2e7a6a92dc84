// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/conv_window.h"

#include <numeric>
#include <string>

#include "tenon/device/operators/shape.h"

namespace tenon::device {

void require_window(std::string_view op, int32_t spatial, AutoPad auto_pad) {
  if (spatial < 1 || spatial > 3) {
    throw KernelError(TN_UNSUPPORTED,
                      std::string(op) + ": 1, 2 or 3 spatial dims, not " + std::to_string(spatial));
  }
  if (auto_pad != AutoPad::kNotset)
    throw KernelError(TN_UNSUPPORTED, std::string(op) + ": auto_pad is resolved by the host");
}

void place_window_list(std::string_view op, const char* attribute, int32_t spatial,
                       std::span<const int64_t> values, int64_t least,
                       std::initializer_list<int64_t*> arrays) {
  if (values.empty()) return;
  if (values.size() != arrays.size() * static_cast<size_t>(spatial))
    throw_invalid(op, std::string(attribute) + " has the wrong length");
  auto value = values.begin();
  for (int64_t* array : arrays) {
    for (int32_t axis = 3 - spatial; axis < 3; ++axis, ++value) {
      // Far beyond every memory; sums of several stay within int64.
      if (*value < least || *value > int64_t{1} << 48) {
        throw_invalid(op, std::string(attribute) + " has the value " + std::to_string(*value) +
                              ", which is out of range");
      }
      array[axis] = *value;
    }
  }
}

ConvWindow::ConvWindow(std::string_view op, const attributes::Conv& a, int32_t rank)
    : spatial(rank - 2), groups(a.group) {
  require_window(op, spatial, a.auto_pad);
  int64_t taps[3];
  place_window_list(op, "kernel_shape", spatial, a.kernel_shape, 1, {taps});
  place_window_list(op, "strides", spatial, a.strides, 1, {strides});
  place_window_list(op, "dilations", spatial, a.dilations, 1, {dilations});
  place_window_list(op, "pads", spatial, a.pads, 0, {pads_begin, pads_end});
}

WindowAxis ConvWindow::window(const View& x, const View& w, const View& y, int32_t axis) const {
  WindowAxis window;
  window.positions = dim(y, axis);
  window.taps = dim(w, axis);
  window.step = strides[axis];
  window.first = -pads_begin[axis];
  window.increment = dilations[axis];
  window.extent = dim(x, axis);
  window.stride = stride(x, axis);
  return window;
}

ConvGradInputAxis ConvWindow::grad_input_axis(const View& dy, const View& w, const View& dx,
                                              int32_t axis, int64_t remainder) const {
  const int64_t step = strides[axis], dilation = dilations[axis];
  const int64_t shift = remainder + pads_begin[axis];
  const int64_t inputs = dim(dx, axis), taps = dim(w, axis);
  // Taps t with (shift - t * dilation) % step == 0: every `period`-th from `first` on.
  const int64_t period = step / std::gcd(step, dilation);
  int64_t first = 0;
  while (first < period && (shift - first * dilation) % step != 0) ++first;
  ConvGradInputAxis a;
  a.window.positions = inputs > remainder ? (inputs - remainder + step - 1) / step : 0;
  a.window.taps = first < period && first < taps ? (taps - first + period - 1) / period : 0;
  a.window.first = a.window.taps > 0 ? (shift - first * dilation) / step : 0;
  a.window.increment = -(period * dilation / step);
  a.window.extent = dim(dy, axis);
  a.window.stride = stride(dy, axis);
  a.tap_stride = stride(w, axis) * period;
  if (a.window.taps > 0) a.first_tap = first * stride(w, axis);
  a.position_stride = stride(dx, axis) * step;
  if (a.window.positions > 0) a.first_position = remainder * stride(dx, axis);
  return a;
}

}  // namespace tenon::device
