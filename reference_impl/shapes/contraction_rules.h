// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of matrix products, convolutions and pools: see general_rules.h.
#pragma once

#include "reference_impl/shapes/general_rules.h"

namespace tenon::shapes {

// How many positions a window has along an axis of `size` with `pads` in all, its taps `dilation`
// apart: with the last step that is not whole left out, or (`ceil`) taken. 0 where it does not fit.
inline int64_t window_positions(int64_t size, int64_t pads, int64_t taps, int64_t dilation,
                                int64_t stride, bool ceil) {
  const int64_t reach = saturating_multiply(dilation, taps - 1);
  const int64_t room = saturating_add(saturating_add(saturating_add(size, pads), -1), -reach);
  if (room < 0) return ceil ? 1 : 0;
  return room / stride + (ceil && room % stride != 0 ? 1 : 0) + 1;
}

// A window along one axis.
struct WindowAxis {
  int64_t begin = 0, end = 0, dilation = 1, stride = 1;

  int64_t positions(int64_t size, int64_t taps, bool ceil) const {
    return window_positions(size, saturating_add(begin, end), taps, dilation, stride, ceil);
  }
  // As ONNX counts them with ceil_mode: none begins in the padding behind the data.
  int64_t onnx_positions(int64_t size, int64_t taps, bool ceil) const {
    const int64_t count = positions(size, taps, ceil);
    const bool behind =
        ceil && saturating_multiply(count - 1, stride) >= saturating_add(size, begin);
    return behind ? std::max(count - 1, positions(size, taps, false)) : count;
  }
};

// Axis `i` of `count`, of attributes of a convolution or a pool.
template <class Attributes>
WindowAxis window_axis(const Attributes& a, size_t i, size_t count) {
  const auto at_or = [](const auto& list, size_t at, int64_t otherwise) {
    return at < list.size() ? list[at] : otherwise;
  };
  WindowAxis axis{at_or(a.pads, i, 0), at_or(a.pads, i + count, 0), 1, at_or(a.strides, i, 1)};
  if constexpr (requires { a.dilations; }) axis.dilation = at_or(a.dilations, i, 1);
  return axis;
}

// The more there is and the fewer taps there are, the more positions.
template <class D>
D window_dim(const WindowAxis& axis, const D& size, const D& taps, bool ceil) {
  return between<D>(axis.onnx_positions(low(size), high(taps), ceil),
                    axis.onnx_positions(high(size), low(taps), ceil));
}

template <class Call, class Attributes>
ShapeOf<Call> conv(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0), w = call.dims(1);
  const auto fail = [&](const char* what) {
    call.fail(std::string(what) + ": X " + dims_text(x) + ", W " + dims_text(w) + ", group " +
              std::to_string(a.group));
  };
  if (x.size() < 3 || w.size() != x.size()) fail("ranks differ");
  if (!meet<D>(times<D>(w[1], exactly<D>(a.group)), x[1])) fail("channels do not fit");
  if (is_exact(w[0]) && low(w[0]) % a.group != 0) fail("filters do not fit");
  ShapeOf<Call> dims;
  dims.add(x[0]);
  dims.add(w[0]);
  const size_t spatial = x.size() - 2;
  for (size_t i = 0; i < spatial; ++i) {
    if (i < a.kernel_shape.size() && !may_be(w[i + 2], a.kernel_shape[i]))
      fail("kernel_shape differs from W's dims");
    dims.add(window_dim<D>(window_axis(a, i, spatial), x[i + 2], w[i + 2], false));
  }
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> pool(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0);
  const size_t spatial = a.kernel_shape.size();
  if (spatial == 0 || x.size() != spatial + 2)
    call.fail("X has dims " + dims_text(x) + " for a window of " + std::to_string(spatial) +
              " dims");
  ShapeOf<Call> dims;
  dims.append(x, 0, 2);
  for (size_t i = 0; i < spatial; ++i)
    dims.add(window_dim<D>(window_axis(a, i, spatial), x[i + 2], exactly<D>(a.kernel_shape[i]),
                           a.ceil_mode));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> global_pool(const Call& call, const Attributes&, size_t) {
  require_channels(call, 0, "X");
  auto dims = ShapeOf<Call>::of(call.dims(0));
  for (size_t d = 2; d < dims.size(); ++d) dims[d] = exactly<typename Call::Dim>(1);
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> matmul(const Call& call, const Attributes&, size_t) {
  using D = typename Call::Dim;
  const auto a = call.dims(0), b = call.dims(1);
  const auto fail = [&](const char* what) {
    call.fail(std::string(what) + ": A " + dims_text(a) + ", B " + dims_text(b));
  };
  if (a.size() == 0 || b.size() == 0) fail("operands must not be scalars");
  const bool row = a.size() > 1, column = b.size() > 1;
  if (!meet<D>(a[a.size() - 1], b[column ? b.size() - 2 : 0])) fail("inner dims differ");
  ShapeOf<Call> dims, other;
  if (row) dims.append(a, 0, a.size() - 2);
  if (column) other.append(b, 0, b.size() - 2);
  if (!broadcast_into(&dims, other)) fail("batch dims do not broadcast");
  if (row) dims.add(a[a.size() - 2]);
  if (column) dims.add(b[b.size() - 1]);
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> gemm(const Call& call, const Attributes& attributes, size_t) {
  using D = typename Call::Dim;
  const auto a = call.dims(0), b = call.dims(1);
  const auto fail = [&](const char* what) {
    call.fail(std::string(what) + ": A " + dims_text(a) + ", B " + dims_text(b));
  };
  if (a.size() != 2 || b.size() != 2) fail("operands must be matrices");
  const size_t over_a = attributes.transA ? 1 : 0, over_b = attributes.transB ? 1 : 0;
  if (!meet<D>(a[1 - over_a], b[over_b])) fail("inner dims differ");
  ShapeOf<Call> dims;
  dims.add(a[over_a]);
  dims.add(b[1 - over_b]);
  return dims;
}

}  // namespace tenon::shapes
