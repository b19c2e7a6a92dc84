// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/pool_window.h"

#include <initializer_list>
#include <string>

#include "tenon/device/operators/sizes.h"

namespace tenon::device {

void PoolWindow::place(std::string_view op, AutoPad auto_pad, List taps, List steps, List spaces,
                       List pads) {
  if (spatial < 1 || spatial > 3) {
    throw KernelError(TN_UNSUPPORTED,
                      std::string(op) + ": 1, 2 or 3 spatial dims, not " + std::to_string(spatial));
  }
  if (auto_pad != AutoPad::kNotset)
    throw KernelError(TN_UNSUPPORTED, std::string(op) + ": auto_pad is resolved by the host");
  const auto read = [&](const char* attribute, List values, int64_t least,
                        std::initializer_list<int64_t*> lists) {
    if (values.empty()) return;
    if (values.size() != lists.size() * static_cast<size_t>(spatial))
      throw_invalid(op, std::string(attribute) + " has the wrong length");
    auto value = values.begin();
    for (int64_t* list : lists) {
      for (int32_t axis = first_axis(); axis < 3; ++axis, ++value) {
        // Far beyond every memory; sums of several stay within int64.
        if (*value < least || *value > int64_t{1} << 48) {
          throw_invalid(op, std::string(attribute) + " has the value " + std::to_string(*value) +
                                ", which is out of range");
        }
        list[axis] = *value;
      }
    }
  };
  if (taps.empty()) throw_invalid(op, "kernel_shape is missing");
  read("kernel_shape", taps, 1, {kernel});
  read("strides", steps, 1, {strides});
  read("dilations", spaces, 1, {dilations});
  read("pads", pads, 0, {pads_begin, pads_end});
}

int64_t PoolWindow::positions(const View& x, int32_t axis, bool ceil) const {
  return window_positions(dim(x, axis), saturating_add(pads_begin[axis], pads_end[axis]),
                          kernel[axis], dilations[axis], strides[axis], ceil);
}

void PoolWindow::check(std::string_view op, const View& x, const View& y) const {
  bool fits =
      x.rank == spatial + 2 && y.rank == x.rank && x.dims[0] == y.dims[0] && x.dims[1] == y.dims[1];
  for (int32_t axis = first_axis(); fits && axis < 3; ++axis) {
    fits =
        dim(y, axis) >= positions(x, axis, false) && dim(y, axis) <= positions(x, axis, ceil_mode);
  }
  if (!fits) {
    throw_invalid(op, "dims do not fit: X " + dims_text(x.shape()) + ", Y " + dims_text(y.shape()));
  }
}

void PoolWindow::check_output(std::string_view op, const Arguments& a) const {
  const View& x = a.inputs[0];
  if (a.asked == nullptr) return check(op, x, a.outputs[0]);
  if (x.rank != spatial + 2) throw_invalid(op, "X has dims " + dims_text(x.shape()));
  int64_t dims[TN_MAX_RANK] = {x.dims[0], x.dims[1]};
  for (int32_t axis = first_axis(); axis < 3; ++axis) {
    int64_t& dim_of_y = dims[axis - first_axis() + 2];
    dim_of_y = positions(x, axis, ceil_mode);
    if (ceil_mode && source(axis, dim_of_y - 1, 0) >= dim(x, axis)) {
      dim_of_y = std::max(dim_of_y - 1, positions(x, axis, false));
    }
  }
  say_output(op, "Y", a, 0, {dims, static_cast<size_t>(x.rank)});
}

void PoolWindow::check_grad(std::string_view op, const Arguments& a) const {
  if (a.asked == nullptr) check(op, a.outputs[0], a.inputs[0]);
}

}  // namespace tenon::device
