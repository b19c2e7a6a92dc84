// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/pool_window.h"

#include "tenon/device/operators/shape.h"

namespace tenon::device {

void PoolWindow::place(std::string_view op, AutoPad auto_pad, List taps, List steps, List spaces,
                       List pads) {
  require_window(op, spatial, auto_pad);
  if (taps.empty()) throw_invalid(op, "kernel_shape is missing");
  place_window_list(op, "kernel_shape", spatial, taps, 1, {kernel});
  place_window_list(op, "strides", spatial, steps, 1, {strides});
  place_window_list(op, "dilations", spatial, spaces, 1, {dilations});
  place_window_list(op, "pads", spatial, pads, 0, {pads_begin, pads_end});
}

}  // namespace tenon::device
