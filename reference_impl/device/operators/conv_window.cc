// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/conv_window.h"

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

}  // namespace tenon::device
