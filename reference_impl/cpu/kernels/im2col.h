// SPDX-License-Identifier: Apache-2.0
//
// The matrix that makes a convolution a product: one column for each position of the window, one
// row for each value under it. It is never stored whole; parts of it are packed as they are needed.
//
// Rows are (tap, channel), columns are positions (o0, o1, o2). Both the forward convolution and the
// gradient of its input have this form.
#pragma once

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/conv_window.h"

namespace tenon::cpu {

constexpr int64_t ceil_div(int64_t x, int64_t by) { return (x + by - 1) / by; }

// One image (or one group of its channels) seen through a window.
struct WindowedImage {
  const std::byte* data = nullptr;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int64_t channels = 0, channel_stride = 0;
  WindowAxis axes[3];
  // The order of rows: (c, t0, t1, t2) as in dense OIHW filters, else (t0, t1, t2, c).
  bool taps_innermost = false;

  int64_t taps() const { return axes[0].taps * axes[1].taps * axes[2].taps; }
  int64_t rows() const { return taps() * channels; }
  int64_t columns() const { return axes[0].positions * axes[1].positions * axes[2].positions; }
};

// Whether a position's channels lie side by side, and are better read together.
bool channels_last(const WindowedImage& image);

// Joins axes that a window of one tap walks as one (1 x 1 convolutions), for longer runs.
void join_axes(WindowedImage& image);

// Packs rows [row, row + depth) of columns [column, column + count) as panels of kPanelWidth
// columns, each [depth][kPanelWidth], filled up with zeros.
template <class T>
void pack_columns(const WindowedImage& image, int64_t row, int64_t depth, int64_t column,
                  int64_t count, T* to);

// Packs the transposed matrix: columns [column, column + depth) of `lanes` rows as [depth][width],
// with zeros in lanes beyond.
template <class T>
void pack_rows(const WindowedImage& image, int64_t row, int64_t lanes, int64_t width,
               int64_t column, int64_t depth, T* to);

// Most columns that pack_columns() takes and most depth that pack_rows() takes in one call.
inline constexpr int64_t kMostColumns = 256;

}  // namespace tenon::cpu
