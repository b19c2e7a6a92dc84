// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/conv_attributes.h"

#include <initializer_list>
#include <numeric>
#include <string>
#include <vector>

#include "tenon/device/operators/sizes.h"

namespace tenon::device {

ConvAttributes::ConvAttributes(const Description& d, int32_t rank) : spatial(rank - 2) {
  if (spatial < 1 || spatial > 3) {
    throw KernelError(TN_UNSUPPORTED, std::string(d.name()) + ": 1, 2 or 3 spatial dims, not " +
                                          std::to_string(spatial));
  }
  if (d.has_attribute("auto_pad") && d.text("auto_pad") != "NOTSET") {
    throw KernelError(TN_UNSUPPORTED, std::string(d.name()) + ": auto_pad is resolved by the host");
  }
  groups = d.integer("group");
  if (groups < 1) throw_invalid(d.name(), "group must be positive");
  const auto read = [&](const char* name, int64_t least, std::initializer_list<int64_t*> lists) {
    const std::vector<int64_t> values = d.integers(name);
    if (values.empty()) return;
    if (values.size() != lists.size() * static_cast<size_t>(spatial)) {
      throw_invalid(d.name(), std::string(name) + " has the wrong length");
    }
    auto value = values.begin();
    for (int64_t* list : lists) {
      for (int32_t axis = first_axis(); axis < 3; ++axis, ++value) {
        // Far beyond every memory; sums of several stay within int64.
        if (*value < least || *value > int64_t{1} << 48) {
          throw_invalid(d.name(), std::string(name) + " has the value " + std::to_string(*value) +
                                      ", which is out of range");
        }
        list[axis] = *value;
      }
    }
  };
  read("strides", 1, {strides});
  read("dilations", 1, {dilations});
  read("kernel_shape", 1, {kernel});
  read("pads", 0, {pads_begin, pads_end});
}

void ConvAttributes::check(std::string_view op, const View& x, const View& w, const View& y) const {
  const auto fail = [&](const char* what) {
    throw_invalid(op, std::string(what) + ": X " + dims_text(x.shape()) + ", W " +
                          dims_text(w.shape()) + ", Y " + dims_text(y.shape()) + ", group " +
                          std::to_string(groups));
  };
  if (x.rank != spatial + 2 || w.rank != x.rank || y.rank != x.rank) fail("ranks differ");
  if (x.dims[0] != y.dims[0]) fail("batch sizes differ");
  if (saturating_multiply(w.dims[1], groups) != x.dims[1]) fail("channels do not fit");
  if (w.dims[0] != y.dims[1] || w.dims[0] % groups != 0) fail("filters do not fit");
  for (int32_t axis = first_axis(); axis < 3; ++axis) {
    if (kernel[axis] != 0 && dim(w, axis) != kernel[axis])
      fail("kernel_shape differs from W's dims");
    if (dim(y, axis) != positions(x, w, axis)) fail("spatial dims do not fit");
  }
}

int64_t ConvAttributes::positions(const View& x, const View& w, int32_t axis) const {
  return window_positions(dim(x, axis), saturating_add(pads_begin[axis], pads_end[axis]),
                          dim(w, axis), dilations[axis], strides[axis], false);
}

WindowAxis ConvAttributes::window(const View& x, const View& w, const View& y, int32_t axis) const {
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

ConvGradInputAxis ConvAttributes::grad_input_axis(const View& dy, const View& w, const View& dx,
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

void ConvAttributes::check_output(std::string_view op, const Arguments& a) const {
  const View x = a.input(0), w = a.input(1), bias = a.input(2);
  if (a.asked != nullptr && x.rank == spatial + 2 && w.rank == x.rank) {
    int64_t dims[TN_MAX_RANK] = {x.dims[0], w.dims[0]};
    for (int32_t axis = first_axis(); axis < 3; ++axis) {
      dims[axis - first_axis() + 2] = positions(x, w, axis);
    }
    say_output(op, "Y", a, 0, {dims, static_cast<size_t>(x.rank)});
  }
  check(op, x, w, a.output(0));
  if (bias.present() && (bias.rank != 1 || bias.dims[0] != w.dims[0])) {
    throw_dims(op, "B", bias.shape(), w.shape().first(1));
  }
}

void ConvAttributes::check_grad_input(std::string_view op, const Arguments& a) const {
  if (a.asked == nullptr) check(op, a.output(0), a.input(1), a.input(0));
}

void ConvAttributes::check_grad_weight(std::string_view op, const Arguments& a) const {
  if (a.asked == nullptr) check(op, a.input(1), a.output(0), a.input(0));
}

}  // namespace tenon::device
