// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/sizes.h"

#include <cmath>

#include "tenon/device/operators/number.h"

namespace tenon::device {

int64_t window_positions(int64_t size, int64_t pads, int64_t taps, int64_t dilation, int64_t stride,
                         bool ceil) {
  const int64_t reach = saturating_multiply(dilation, taps - 1);
  const int64_t room = saturating_add(saturating_add(saturating_add(size, pads), -1), -reach);
  if (room < 0) return ceil ? 1 : 0;
  return room / stride + (ceil && room % stride != 0 ? 1 : 0) + 1;
}

int64_t range_length(std::string_view op, const View& start, const View& limit, const View& delta) {
  for (const View& view : {start, limit, delta})
    if (view.count() != 1)
      throw_invalid(op, "start, limit and delta must be one number each, not dims " +
                            dims_text(view.shape()));
  if ((kFloatTypes & dtype_bit(start.dtype)) != 0) {
    const double first = real_at(start), last = real_at(limit), step = real_at(delta);
    if (!std::isfinite(first) || !std::isfinite(last) || !std::isfinite(step))
      throw_invalid(op, "start, limit and delta must be finite");
    if (step == 0) throw_invalid(op, "delta is 0");
    const double count = std::ceil((last - first) / step);
    if (!(count < 0x1p62)) throw_invalid(op, "the range has too many elements");
    return count > 0 ? static_cast<int64_t>(count) : 0;
  }
  const int64_t first = integer_at(start), last = integer_at(limit), step = integer_at(delta);
  if (step == 0) throw_invalid(op, "delta is 0");
  if (step > 0 ? first >= last : first <= last) return 0;
  // Without a sign: the distance of two int64 may not be one.
  const auto u = [](int64_t x) { return static_cast<uint64_t>(x); };
  const uint64_t distance = step > 0 ? u(last) - u(first) : u(first) - u(last);
  const uint64_t count = (distance - 1) / (step > 0 ? u(step) : 0 - u(step)) + 1;
  if (count > INT64_MAX) throw_invalid(op, "the range has too many elements");
  return static_cast<int64_t>(count);
}

}  // namespace tenon::device
