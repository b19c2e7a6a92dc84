// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/im2col.h"

#include <algorithm>
#include <cstring>

#include "reference_impl/cpu/kernels/gemm_block.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {
namespace {

template <class T>
inline constexpr uint64_t kSources =
    std::is_same_v<T, double> ? dtype_bit(TN_FLOAT64) : kFloatTypes & ~dtype_bit(TN_FLOAT64);

struct Tap {
  int64_t t[3];
};

Tap tap_of(const WindowedImage& image, int64_t tap) {
  const int64_t last = image.axes[2].taps, middle = image.axes[1].taps;
  return {{tap / (last * middle), tap / last % middle, tap % last}};
}

// Rows of one tap and consecutive channels, beginning at `row`; `limit` rows at most.
struct RowRun {
  Tap tap;
  int64_t channel, count;
};

RowRun run_of(const WindowedImage& image, int64_t row, int64_t limit) {
  if (image.taps_innermost) return {tap_of(image, row % image.taps()), row / image.taps(), 1};
  const int64_t channel = row % image.channels;
  return {tap_of(image, row / image.channels), channel, std::min(image.channels - channel, limit)};
}

struct Position {
  int64_t o[3];
};

Position position_of(const WindowedImage& image, int64_t column) {
  const int64_t last = image.axes[2].positions, middle = image.axes[1].positions;
  return {{column / (last * middle), column / last % middle, column % last}};
}

// The source index along an axis.
int64_t source(const WindowAxis& axis, int64_t position, int64_t tap) {
  return position * axis.step + axis.first + tap * axis.increment;
}

bool inside(const WindowAxis& axis, int64_t index) { return index >= 0 && index < axis.extent; }

// Part of one row of the matrix: `count` columns from `column` on.
template <class T, class S>
void fill_row(const WindowedImage& image, const Tap& tap, int64_t channel, int64_t column,
              int64_t count, T* to) {
  const S* plane = reinterpret_cast<const S*>(image.data) + channel * image.channel_stride;
  const WindowAxis& x = image.axes[2];
  Position at = position_of(image, column);
  // Positions whose index along the last axis lies inside are one range.
  const int64_t offset = x.first + tap.t[2] * x.increment;
  const int64_t low =
      std::clamp<int64_t>(offset >= 0 ? 0 : ceil_div(-offset, x.step), 0, x.positions);
  const int64_t high = std::clamp<int64_t>(
      offset >= x.extent ? 0 : ceil_div(x.extent - offset, x.step), low, x.positions);
  while (count > 0) {
    const int64_t run = std::min(x.positions - at.o[2], count);
    const int64_t i0 = source(image.axes[0], at.o[0], tap.t[0]);
    const int64_t i1 = source(image.axes[1], at.o[1], tap.t[1]);
    if (inside(image.axes[0], i0) && inside(image.axes[1], i1)) {
      const int64_t begin = std::clamp<int64_t>(low - at.o[2], 0, run);
      const int64_t end = std::clamp<int64_t>(high - at.o[2], begin, run);
      const int64_t step = x.step * x.stride;
      for (int64_t j = 0; j < begin; ++j) to[j] = 0;
      if (begin < end) {
        const S* line = plane + i0 * image.axes[0].stride + i1 * image.axes[1].stride +
                        source(x, at.o[2] + begin, tap.t[2]) * x.stride;
        if (step == 1) {
          for (int64_t j = begin; j < end; ++j) to[j] = static_cast<T>(load(line[j - begin]));
        } else {
          for (int64_t j = begin; j < end; ++j)
            to[j] = static_cast<T>(load(line[(j - begin) * step]));
        }
      }
      for (int64_t j = end; j < run; ++j) to[j] = 0;
    } else {
      std::fill(to, to + run, T{0});
    }
    to += run;
    count -= run;
    at.o[2] = 0;
    if (++at.o[1] == image.axes[1].positions) {
      at.o[1] = 0;
      ++at.o[0];
    }
  }
}

// Where the window at `column` reads at `tap`, for channel 0; null for a zero.
template <class S>
const S* source_of(const WindowedImage& image, const Tap& tap, const Position& at) {
  int64_t offset = 0;
  for (int d = 0; d < 3; ++d) {
    const int64_t index = source(image.axes[d], at.o[d], tap.t[d]);
    if (!inside(image.axes[d], index)) return nullptr;
    offset += index * image.axes[d].stride;
  }
  return reinterpret_cast<const S*>(image.data) + offset;
}

void advance(const WindowedImage& image, Position& at) {
  for (int d = 2; d >= 0; --d) {
    if (++at.o[d] < image.axes[d].positions || d == 0) return;
    at.o[d] = 0;
  }
}

// The rows of one tap and channels [channel, channel + depth), for images whose channels lie side
// by side: reads a position's channels in order. `panel_stride` is the distance of panels in `to`.
template <class T, class S>
void pack_channels(const WindowedImage& image, const Tap& tap, int64_t channel, int64_t depth,
                   int64_t column, int64_t count, T* to, int64_t panel_stride) {
  constexpr int64_t kWidth = gemm::kPanelWidth<T>;
  Position at = position_of(image, column);
  for (int64_t j = 0; j < count; j += kWidth) {
    T* panel = to + j / kWidth * panel_stride;
    static const S kZeros[16] = {};
    const S* from[kWidth];
    int64_t step[kWidth];  // 0 where the window is outside: reads the same zero again.
    for (int64_t lane = 0; lane < kWidth; ++lane) {
      const S* start = j + lane < count ? source_of<S>(image, tap, at) : nullptr;
      from[lane] = start == nullptr ? kZeros : start + channel;
      step[lane] = start == nullptr ? 0 : 1;
      if (j + lane < count) advance(image, at);
    }
    constexpr int64_t kStep = 16;
    int64_t c = 0;
    for (; c + kStep <= depth; c += kStep) {
      T tile[kStep * kWidth];
      for (int64_t lane = 0; lane < kWidth; ++lane) {
        const S* line = from[lane] + c * step[lane];
        for (int64_t i = 0; i < kStep; ++i) tile[i * kWidth + lane] = static_cast<T>(load(line[i]));
      }
      std::memcpy(panel + c * kWidth, tile, sizeof(tile));
    }
    for (; c < depth; ++c) {
      for (int64_t lane = 0; lane < kWidth; ++lane) {
        panel[c * kWidth + lane] = static_cast<T>(load(from[lane][c * step[lane]]));
      }
    }
  }
}

// Rows [row, row + depth) where a position reads one value of each channel and positions are
// neighbours in memory: whole panels are copied as they are.
template <class T>
void pack_points(const T* image, int64_t channel_stride, int64_t depth, int64_t count, T* to) {
  constexpr int64_t kWidth = gemm::kPanelWidth<T>;
  for (int64_t j = 0; j < count; j += kWidth, to += depth * kWidth) {
    const T* from = image + j;
    const int64_t lanes = std::min(kWidth, count - j);
    if (lanes == kWidth) {
      for (int64_t i = 0; i < depth; ++i)
        std::memcpy(to + i * kWidth, from + i * channel_stride, kWidth * sizeof(T));
    } else {
      for (int64_t i = 0; i < depth; ++i) {
        T line[kWidth] = {};
        for (int64_t lane = 0; lane < lanes; ++lane) line[lane] = from[i * channel_stride + lane];
        std::memcpy(to + i * kWidth, line, sizeof(line));
      }
    }
  }
}

bool is_points(const WindowedImage& image) {
  const WindowAxis& x = image.axes[2];
  return image.taps() == 1 && image.axes[0].positions == 1 && image.axes[1].positions == 1 &&
         image.axes[0].first == 0 && image.axes[1].first == 0 && x.first == 0 && x.step == 1 &&
         x.stride == 1 && x.positions <= x.extent;
}

}  // namespace

bool channels_last(const WindowedImage& image) {
  return image.channel_stride == 1 && image.channels >= 4 && image.axes[2].stride != 1;
}

void join_axes(WindowedImage& image) {
  for (int d = 1; d < 3; ++d) {
    WindowAxis& outer = image.axes[d - 1];
    WindowAxis& inner = image.axes[d];
    const auto trivial = [](const WindowAxis& a) {
      return a.taps == 1 && a.step == 1 && a.first == 0 && a.positions == a.extent;
    };
    if (!trivial(outer) || !trivial(inner)) continue;
    if (outer.positions != 1 && outer.stride != inner.stride * inner.positions) continue;
    inner.positions *= outer.positions;
    inner.extent = inner.positions;
    outer = {};
  }
}

template <class T>
void pack_columns(const WindowedImage& image, int64_t row, int64_t depth, int64_t column,
                  int64_t count, T* to) {
  constexpr int64_t kWidth = gemm::kPanelWidth<T>;
  const int64_t panel_stride = depth * kWidth;
  visit_dtype<kSources<T>>("convolution", image.dtype, [&](auto type) {
    using S = typename decltype(type)::type;
    if constexpr (std::is_same_v<S, T>) {
      if (is_points(image)) {
        const T* from =
            reinterpret_cast<const T*>(image.data) + row * image.channel_stride + column;
        return pack_points(from, image.channel_stride, depth, count, to);
      }
    }
    const bool last = channels_last(image) && !image.taps_innermost;
    for (int64_t done = 0; done < depth;) {
      const auto [tap, channel, channels] = run_of(image, row + done, depth - done);
      if (last) {
        pack_channels<T, S>(image, tap, channel, channels, column, count, to + done * kWidth,
                            panel_stride);
        done += channels;
        continue;
      }
      for (int64_t c = 0; c < channels; ++c, ++done) {
        alignas(64) T line[kMostColumns];
        fill_row<T, S>(image, tap, channel + c, column, count, line);
        const int64_t padded = ceil_div(count, kWidth) * kWidth;
        std::fill(line + count, line + padded, T{0});
        for (int64_t j = 0; j < padded; j += kWidth) {
          std::memcpy(to + j / kWidth * panel_stride + done * kWidth, line + j, kWidth * sizeof(T));
        }
      }
    }
  });
}

template <class T>
void pack_rows(const WindowedImage& image, int64_t row, int64_t lanes, int64_t width,
               int64_t column, int64_t depth, T* to) {
  visit_dtype<kSources<T>>("convolution", image.dtype, [&](auto type) {
    using S = typename decltype(type)::type;
    if (lanes < width) std::fill(to, to + depth * width, T{0});
    for (int64_t done = 0; done < lanes;) {
      const auto [tap, channel, channels] = run_of(image, row + done, lanes - done);
      if (channels_last(image) && !image.taps_innermost) {
        Position at = position_of(image, column);
        for (int64_t p = 0; p < depth; ++p, advance(image, at)) {
          T* out = to + p * width + done;
          const S* from = source_of<S>(image, tap, at);
          for (int64_t c = 0; c < channels; ++c) {
            out[c] = from == nullptr ? T{0} : static_cast<T>(load(from[channel + c]));
          }
        }
        done += channels;
        continue;
      }
      for (int64_t c = 0; c < channels; ++c, ++done) {
        T line[kMostColumns];
        fill_row<T, S>(image, tap, channel + c, column, depth, line);
        for (int64_t p = 0; p < depth; ++p) to[p * width + done] = line[p];
      }
    }
  });
}

template void pack_columns(const WindowedImage&, int64_t, int64_t, int64_t, int64_t, float*);
template void pack_columns(const WindowedImage&, int64_t, int64_t, int64_t, int64_t, double*);
template void pack_rows(const WindowedImage&, int64_t, int64_t, int64_t, int64_t, int64_t, float*);
template void pack_rows(const WindowedImage&, int64_t, int64_t, int64_t, int64_t, int64_t, double*);

}  // namespace tenon::cpu
