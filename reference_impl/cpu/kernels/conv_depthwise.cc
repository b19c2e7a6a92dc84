// SPDX-License-Identifier: Apache-2.0
//
// Convolutions whose groups have one channel. There is no product worth packing for: each output is
// the sum of a few taps. Vectors run along a line of positions, or along the groups where those lie
// side by side (NHWC).
#include <algorithm>

#include "reference_impl/cpu/kernels/conv_product.h"
#include "reference_impl/cpu/kernels/output_form.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {
namespace {

constexpr int64_t kChunk = 128;

// sums += w * x, for one weight and a line of values `step` apart.
template <class S>
struct AddLine {
  TENON_INLINE static void body(Compute<S>* sums, Compute<S> w, const S* x, int64_t step,
                                int64_t count) {
    if (step == 1) {
      for (int64_t j = 0; j < count; ++j) sums[j] += w * load(x[j]);
    } else {
      for (int64_t j = 0; j < count; ++j) sums[j] += w * load(x[j * step]);
    }
  }
};
template <class S>
using AddLineLoop =
    SimdLoop<AddLine<S>, false, Compute<S>*, Compute<S>, const S*, int64_t, int64_t>;

// sums += w * x, for a weight with each value.
template <class S>
struct AddProducts {
  TENON_INLINE static void body(Compute<S>* sums, const S* w, int64_t w_step, const S* x,
                                int64_t count) {
    if (w_step == 1) {
      for (int64_t j = 0; j < count; ++j) sums[j] += load(w[j]) * load(x[j]);
    } else {
      for (int64_t j = 0; j < count; ++j) sums[j] += load(w[j * w_step]) * load(x[j]);
    }
  }
};
template <class S>
using AddProductsLoop =
    SimdLoop<AddProducts<S>, false, Compute<S>*, const S*, int64_t, const S*, int64_t>;

template <class S>
class Depthwise {
 public:
  using T = Compute<S>;

  explicit Depthwise(const ConvProduct& product) : p_(product) {}

  void operator()(const Execution& execution) const {
    const WindowAxis* axes = p_.image.axes;
    const int64_t lines = axes[0].positions * axes[1].positions;
    const bool along_groups = runs_along_groups(p_);
    const int64_t grain =
        std::max<int64_t>((1 << 14) / (axes[2].positions * p_.image.taps() + 1), 1);
    if (along_groups) {
      const int64_t items = p_.batch * lines;
      execution.parallel_for(items, ceil_div(grain, p_.groups), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) line_of_groups(i / lines, i % lines);
      });
    } else {
      const int64_t planes = p_.batch * p_.groups * p_.filters.rows;
      execution.parallel_for(planes * lines, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) line_of_positions(i / lines, i % lines);
      });
    }
  }

 private:
  static int64_t source(const WindowAxis& axis, int64_t position, int64_t tap) {
    return position * axis.step + axis.first + tap * axis.increment;
  }
  static bool inside(const WindowAxis& axis, int64_t i) { return i >= 0 && i < axis.extent; }

  // Calls visit(offset in the image's plane, offset in the filter, t2) for the taps of a line that
  // lie inside along the two outer axes; the last axis is left to the caller.
  template <class Visit>
  void over_taps(int64_t line, Visit&& visit) const {
    const WindowAxis* x = p_.image.axes;
    const int64_t o0 = line / x[1].positions, o1 = line % x[1].positions;
    for (int64_t t0 = 0; t0 < x[0].taps; ++t0) {
      const int64_t i0 = source(x[0], o0, t0);
      if (!inside(x[0], i0)) continue;
      for (int64_t t1 = 0; t1 < x[1].taps; ++t1) {
        const int64_t i1 = source(x[1], o1, t1);
        if (!inside(x[1], i1)) continue;
        for (int64_t t2 = 0; t2 < x[2].taps; ++t2) {
          visit(i0 * x[0].stride + i1 * x[1].stride,
                t0 * p_.filters.tap_strides[0] + t1 * p_.filters.tap_strides[1] +
                    t2 * p_.filters.tap_strides[2],
                t2);
        }
      }
    }
  }

  const S* image(int64_t batch, int64_t group) const {
    return reinterpret_cast<const S*>(p_.image.data) + batch * p_.image_batch_stride +
           group * p_.image_group_stride;
  }
  const S* filter(int64_t group, int64_t row) const {
    return reinterpret_cast<const S*>(p_.filters.data) + group * p_.filter_group_stride +
           row * p_.filters.row_stride;
  }
  S* output(int64_t batch, int64_t group, int64_t row, int64_t line) const {
    const int64_t middle = p_.image.axes[1].positions;
    return reinterpret_cast<S*>(p_.output.data) + batch * p_.output_batch_stride +
           group * p_.output_group_stride + row * p_.output.row_stride +
           line / middle * p_.output.position_strides[0] +
           line % middle * p_.output.position_strides[1];
  }
  T bias(int64_t group, int64_t row) const {
    if (!p_.bias.present()) return 0;
    return load(p_.bias.as<const S>()[(group * p_.filters.rows + row) * p_.bias.strides[0]]);
  }

  void line_of_positions(int64_t plane, int64_t line) const {
    const int64_t row = plane % p_.filters.rows;
    const int64_t group = plane / p_.filters.rows % p_.groups;
    const int64_t batch = plane / p_.filters.rows / p_.groups;
    const WindowAxis& x = p_.image.axes[2];
    const S* from = image(batch, group);
    const S* weights = filter(group, row);
    S* to = output(batch, group, row, line);
    for (int64_t first = 0; first < x.positions; first += kChunk) {
      const int64_t count = std::min(kChunk, x.positions - first);
      T sums[kChunk];
      std::fill(sums, sums + count, bias(group, row));
      over_taps(line, [&](int64_t offset, int64_t at, int64_t t2) {
        // The positions whose index lies inside are one range.
        const int64_t start = source(x, first, t2);
        const int64_t begin =
            std::clamp<int64_t>(start >= 0 ? 0 : ceil_div(-start, x.step), 0, count);
        const int64_t end = std::clamp<int64_t>(
            start >= x.extent ? 0 : ceil_div(x.extent - start, x.step), begin, count);
        if (begin == end) return;
        const T w = load(weights[at]);
        const S* values = from + offset + source(x, first + begin, t2) * x.stride;
        add_line_(sums + begin, w, values, x.step * x.stride, end - begin);
      });
      if constexpr (std::is_same_v<S, float>) {
        if (p_.epilogue != nullptr) {
          finish_line(*p_.epilogue, sums, batch, group * p_.filters.rows + row,
                      line * x.positions + first, count);
        }
      }
      for (int64_t j = 0; j < count; ++j) {
        to[(first + j) * p_.output.position_strides[2]] = store<S>(sums[j]);
      }
    }
  }

  void line_of_groups(int64_t batch, int64_t line) const {
    const WindowAxis& x = p_.image.axes[2];
    for (int64_t row = 0; row < p_.filters.rows; ++row) {
      for (int64_t first = 0; first < p_.groups; first += kChunk) {
        const int64_t count = std::min(kChunk, p_.groups - first);
        const S* from = image(batch, first);
        const S* weights = filter(first, row);
        for (int64_t o = 0; o < x.positions; ++o) {
          T sums[kChunk];
          for (int64_t g = 0; g < count; ++g) sums[g] = bias(first + g, row);
          over_taps(line, [&](int64_t offset, int64_t at, int64_t t2) {
            const int64_t i = source(x, o, t2);
            if (!inside(x, i)) return;
            const S* values = from + offset + i * x.stride;
            add_products_(sums, weights + at, p_.filter_group_stride, values, count);
          });
          S* to = output(batch, first, row, line) + o * p_.output.position_strides[2];
          for (int64_t g = 0; g < count; ++g) to[g * p_.output_group_stride] = store<S>(sums[g]);
        }
      }
    }
  }

  const ConvProduct& p_;
  typename AddLineLoop<S>::Function add_line_ = AddLineLoop<S>::select();
  typename AddProductsLoop<S>::Function add_products_ = AddProductsLoop<S>::select();
};

}  // namespace

void run_depthwise(const ConvProduct& product, const Execution& execution) {
  if (!runs_along_groups(product) && run_depthwise_bands(product, execution)) return;
  visit_dtype<kFloatTypes>("convolution", product.output.dtype, [&](auto type) {
    Depthwise<typename decltype(type)::type>{product}(execution);
  });
}

}  // namespace tenon::cpu
