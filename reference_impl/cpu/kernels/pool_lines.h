// SPDX-License-Identifier: Apache-2.0
//
// A walk over all windows of a pooling operator that suits vectors.
#pragma once

#include <algorithm>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/pool_window.h"

namespace tenon::cpu {

inline constexpr int64_t kPoolLanes = 128;

// Some outputs that are computed together: `lanes` positions along the last axis of one channel, or
// as many channels at one position.
struct PoolLine {
  int64_t batch, channel;
  int64_t position[3];
  int64_t lanes;
  bool along_channels;
};

// Calls body(line) for all outputs, on all threads.
template <class Body>
void over_pool_lines(const PoolWindow& window, const View& x, const View& y,
                     const Execution& execution, Body&& body) {
  const int64_t outer = window.dim(y, 0) * window.dim(y, 1), last = window.dim(y, 2);
  const int64_t channels = y.dims[1];
  const int64_t taps = window.kernel[0] * window.kernel[1] * window.kernel[2];
  if (y.count() == 0) return;
  const bool along_channels = x.strides[1] == 1 && channels > 1 && x.strides[x.rank - 1] != 1;
  const int64_t items = along_channels ? y.dims[0] * outer * last : y.dims[0] * channels * outer;
  const int64_t lanes = along_channels ? channels : last;
  const int64_t grain = std::max<int64_t>((1 << 13) / (lanes * taps), 1);
  execution.parallel_for(items, grain, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      PoolLine line{};
      line.along_channels = along_channels;
      int64_t rest = item;
      if (along_channels) {
        line.position[2] = rest % last;
        rest /= last;
      }
      line.position[1] = rest % window.dim(y, 1);
      rest /= window.dim(y, 1);
      line.position[0] = rest % window.dim(y, 0);
      rest /= window.dim(y, 0);
      line.channel = along_channels ? 0 : rest % channels;
      line.batch = along_channels ? rest : rest / channels;
      for (int64_t done = 0; done < lanes; done += kPoolLanes) {
        line.lanes = std::min(kPoolLanes, lanes - done);
        (along_channels ? line.channel : line.position[2]) = done;
        body(line);
      }
    }
  });
}

// Calls visit(begin, end, x, step, index, index_step) for each tap of a line's windows: lanes
// [begin, end) read x[0], x[step], ...; their places in the channel's plane are index,
// index + index_step, ... Taps in padding are left out.
template <class S, class Visit>
void over_pool_taps(const PoolWindow& window, const View& x, const PoolLine& line, Visit&& visit) {
  const S* plane = x.as<const S>() + line.batch * x.strides[0] + line.channel * x.strides[1];
  const int64_t width = window.dim(x, 2), height = window.dim(x, 1);
  const auto taps = [&](int32_t axis, int64_t more) {
    const int64_t at = line.position[axis];
    return window.taps_within(axis, at, at + more, 0, window.dim(x, axis));
  };
  const PoolWindow::Taps taps0 = taps(0, 0), taps1 = taps(1, 0),
                         taps2 = taps(2, line.along_channels ? 0 : line.lanes - 1);
  for (int64_t t0 = taps0.begin; t0 < taps0.end; ++t0) {
    const int64_t i0 = window.source(0, line.position[0], t0);
    for (int64_t t1 = taps1.begin; t1 < taps1.end; ++t1) {
      const int64_t i1 = window.source(1, line.position[1], t1);
      const int64_t row = (i0 * height + i1) * width;
      const S* from = plane + i0 * window.stride(x, 0) + i1 * window.stride(x, 1);
      for (int64_t t2 = taps2.begin; t2 < taps2.end; ++t2) {
        const int64_t i2 = window.source(2, line.position[2], t2), step = window.strides[2];
        if (line.along_channels) {
          visit(int64_t{0}, line.lanes, from + i2 * window.stride(x, 2), x.strides[1], row + i2,
                int64_t{0});
          continue;
        }
        const int64_t begin = std::min(i2 < 0 ? (-i2 + step - 1) / step : 0, line.lanes);
        const int64_t end =
            std::clamp(i2 >= width ? 0 : (width - i2 + step - 1) / step, begin, line.lanes);
        if (begin == end) continue;
        const int64_t first = i2 + begin * step;
        visit(begin, end, from + first * window.stride(x, 2), step * window.stride(x, 2),
              row + first, step);
      }
    }
  }
}

// The element of `view` at a line's first lane, and the step from lane to lane.
template <class S>
S* pool_line_start(const PoolWindow& window, const View& view, const PoolLine& line) {
  S* start = view.as<S>() + line.batch * view.strides[0] + line.channel * view.strides[1];
  for (int32_t d = 0; d < 3; ++d) start += line.position[d] * window.stride(view, d);
  return start;
}
inline int64_t pool_line_step(const PoolWindow& window, const View& view, const PoolLine& line) {
  return line.along_channels ? view.strides[1] : window.stride(view, 2);
}

}  // namespace tenon::cpu
