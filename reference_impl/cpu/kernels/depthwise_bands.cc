// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolutions of float32 over planes: a band of an image's rows is copied to the stack,
// with zeros around it and with a stride's columns apart from each other, so that the loops over it
// (depthwise_block.inc) need no checks and read neighbours.
#include <algorithm>

#include "reference_impl/cpu/kernels/conv_product.h"
#include "reference_impl/cpu/kernels/output_form.h"

namespace tenon::cpu {
namespace {

constexpr int64_t kPanel = gemm::kPanelWidth<float>;
constexpr int64_t whole_panels(int64_t x) { return ceil_div(x, kPanel) * kPanel; }

// Floats of a band and of its outputs: both lie in the first-level cache.
constexpr int64_t kBandSize = 6144, kOutputSize = 2048;
constexpr int64_t kMostTaps = 256, kMostLineTaps = 64, kMostStep = 4;
// Multiplications for which another thread is worth waking.
constexpr int64_t kGrain = 1 << 16;

// The taps along an axis from the first index that one reads.
struct Taps {
  explicit Taps(const WindowAxis& axis)
      : first(std::min<int64_t>(0, (axis.taps - 1) * axis.increment)),
        reach(std::abs((axis.taps - 1) * axis.increment)) {}
  int64_t first, reach;
};

class Bands {
 public:
  explicit Bands(const ConvProduct& product)
      : p_(product), y_(product.image.axes[1]), x_(product.image.axes[2]), rows_(y_), columns_(x_) {
    line_ = std::min<int64_t>(x_.positions, kMostLine);
    width_ = whole_panels(line_);
    phase_ = whole_panels(width_ + columns_.reach / x_.step);
    pitch_ = phase_ * x_.step;
    const int64_t lines = kBandSize / pitch_ - rows_.reach - 1;
    const int64_t most = std::min(kOutputSize / width_, lines < 0 ? 0 : lines / y_.step + 1);
    if (most > 0) band_rows_ = ceil_div(y_.positions, ceil_div(y_.positions, most));
  }

  bool fit() const {
    const WindowAxis& z = p_.image.axes[0];
    return p_.output.dtype == TN_FLOAT32 && p_.image.dtype == TN_FLOAT32 && z.taps == 1 &&
           z.positions == 1 && z.first == 0 && band_rows_ > 0 && x_.step <= kMostStep &&
           y_.taps <= kMostLineTaps && x_.taps <= kMostLineTaps && y_.taps * x_.taps <= kMostTaps;
  }

  void operator()(const Execution& execution) const {
    const int64_t bands = ceil_div(y_.positions, band_rows_);
    const int64_t chunks = ceil_div(x_.positions, line_);
    const int64_t work = band_rows_ * width_ * y_.taps * x_.taps;
    execution.parallel_for(p_.batch * p_.groups * p_.filters.rows * bands * chunks,
                           std::max<int64_t>(kGrain / work, 1), [&](int64_t begin, int64_t end) {
                             for (int64_t i = begin; i < end; ++i) {
                               run(i / chunks / bands, i / chunks % bands * band_rows_,
                                   i % chunks * line_);
                             }
                           });
  }

 private:
  static constexpr int64_t kMostLine = 256;

  void run(int64_t plane, int64_t first_row, int64_t first_column) const {
    const int64_t filter = plane % p_.filters.rows, group = plane / p_.filters.rows % p_.groups;
    const int64_t batch = plane / p_.filters.rows / p_.groups;
    const int64_t channel = group * p_.filters.rows + filter;
    const int64_t rows = std::min(band_rows_, y_.positions - first_row);
    const int64_t columns = std::min(line_, x_.positions - first_column);
    alignas(64) float image[kBandSize], out[kOutputSize];
    float weights[kMostTaps];
    int64_t row_offsets[kMostLineTaps], column_offsets[kMostLineTaps];
    for (int64_t t = 0; t < y_.taps; ++t)
      row_offsets[t] = (t * y_.increment - rows_.first) * pitch_;
    for (int64_t t = 0; t < x_.taps; ++t) {
      const int64_t at = t * x_.increment - columns_.first;
      column_offsets[t] = at % x_.step * phase_ + at / x_.step;
    }
    const auto* filters = reinterpret_cast<const float*>(p_.filters.data) +
                          group * p_.filter_group_stride + filter * p_.filters.row_stride;
    for (int64_t t = 0; t < y_.taps * x_.taps; ++t) {
      weights[t] = filters[t / x_.taps * p_.filters.tap_strides[1] +
                           t % x_.taps * p_.filters.tap_strides[2]];
    }
    const auto* plane_of = reinterpret_cast<const float*>(p_.image.data) +
                           batch * p_.image_batch_stride + group * p_.image_group_stride;
    const int64_t top = first_row * y_.step + y_.first + rows_.first;
    for (int64_t i = 0; i < (rows - 1) * y_.step + rows_.reach + 1; ++i)
      copy_line(plane_of, top + i, first_column, image + i * pitch_);

    gemm::DepthwiseBand band{
        y_.taps, x_.taps, weights, row_offsets, column_offsets, image,  y_.step * pitch_,
        0,       false,   0,       0,           rows,           width_, out};
    gemm::Epilogue<float> rest;
    if (p_.bias.present()) band.start = p_.bias.as<const float>()[channel * p_.bias.strides[0]];
    if (p_.epilogue != nullptr) take_epilogue(batch, channel, band, rest);
    isa_.depthwise(band);
    const int64_t at = first_row * x_.positions + first_column;
    if (p_.epilogue != nullptr) finish(rest, out, batch, channel, at, rows, columns);
    auto* to = reinterpret_cast<float*>(p_.output.data) + batch * p_.output_batch_stride +
               group * p_.output_group_stride + filter * p_.output.row_stride +
               first_row * p_.output.position_strides[1] +
               first_column * p_.output.position_strides[2];
    for (int64_t r = 0; r < rows; ++r, to += p_.output.position_strides[1]) {
      const float* line = out + r * width_;
      if (p_.output.position_strides[2] == 1) {
        std::copy(line, line + columns, to);
      } else {
        for (int64_t c = 0; c < columns; ++c) to[c * p_.output.position_strides[2]] = line[c];
      }
    }
  }

  // Index `row` of the image, from the first that a tap reads of the first column on: for each
  // remainder modulo the step a line of its own.
  void copy_line(const float* plane, int64_t row, int64_t first_column, float* to) const {
    if (row < 0 || row >= y_.extent) {
      std::fill(to, to + pitch_, 0.0f);
      return;
    }
    const float* line = plane + row * y_.stride;
    for (int64_t phase = 0; phase < x_.step; ++phase, to += phase_) {
      const int64_t left = first_column * x_.step + x_.first + columns_.first + phase;
      const int64_t begin =
          std::clamp<int64_t>(left >= 0 ? 0 : ceil_div(-left, x_.step), 0, phase_);
      const int64_t end = std::clamp<int64_t>(
          left >= x_.extent ? 0 : ceil_div(x_.extent - left, x_.step), begin, phase_);
      const int64_t step = x_.step * x_.stride;
      isa_.copy_line(to, line + left * x_.stride, step, begin, std::max(begin, end), phase_);
    }
  }

  // What is the same for the whole band is the band's; `rest` is what is left.
  void take_epilogue(int64_t batch, int64_t channel, gemm::DepthwiseBand& band,
                     gemm::Epilogue<float>& rest) const {
    rest = *p_.epilogue;
    if (rest.of_row.data != nullptr) band.start = *rest.of_row.at(batch, channel, 0);
    rest.of_row = {};
    if (rest.of_column.data != nullptr || rest.of_element.data != nullptr) return;
    band.clamps = rest.clamps;
    band.low = rest.low;
    band.high = rest.high;
    rest.clamps = false;
  }

  void finish(const gemm::Epilogue<float>& rest, float* out, int64_t batch, int64_t channel,
              int64_t at, int64_t rows, int64_t columns) const {
    bool by_line = rest.of_column.data != nullptr || rest.of_element.data != nullptr;
    for (int i = 0; i < rest.steps; ++i) by_line |= rest.step[i].operand.data != nullptr;
    if (!by_line && !rest.clamps && rest.steps == 0) return;
    if (!by_line) return finish_line(rest, out, batch, channel, at, rows * width_);
    for (int64_t r = 0; r < rows; ++r)
      finish_line(rest, out + r * width_, batch, channel, at + r * x_.positions, columns);
  }

  const ConvProduct& p_;
  const gemm::Isa& isa_ = gemm::best_isa();
  const WindowAxis &y_, &x_;
  Taps rows_, columns_;
  // Outputs in a line of a band, as whole panels; floats of one remainder's line and of all.
  int64_t line_, width_, phase_, pitch_;
  int64_t band_rows_ = 0;
};

}  // namespace

bool run_depthwise_bands(const ConvProduct& product, const Execution& execution) {
  const Bands bands(product);
  if (!bands.fit()) return false;
  bands(execution);
  return true;
}

}  // namespace tenon::cpu
