// SPDX-License-Identifier: Apache-2.0
//
// Sizes that follow from attributes and host values, which may be anything.
#pragma once

#include "tenon/device/operators/shape.h"

namespace tenon::device {

// Sums and products of dims, attributes and host values for checks: they stop at the ends of int64
// instead of wrapping, and what comes out then fits no tensor's dims.
inline int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? INT64_MIN : INT64_MAX;
}
inline int64_t saturating_multiply(int64_t a, int64_t b) {
  int64_t product;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

// How many positions a window has along an axis of `size` with `pads` in all, its taps `dilation`
// apart: with the last step that is not whole left out, or (`ceil`) taken. 0 where it does not fit.
int64_t window_positions(int64_t size, int64_t pads, int64_t taps, int64_t dilation, int64_t stride,
                         bool ceil);

// Elements of a range; throws unless start, limit and delta are one finite number each and delta is
// not 0. Of floats it is computed in float64.
int64_t range_length(std::string_view op, const View& start, const View& limit, const View& delta);

}  // namespace tenon::device
