// SPDX-License-Identifier: Apache-2.0
//
// Resizing along one axis. Several axes are resized one after the other, which weighs each
// neighbour with the product of its weights.
#pragma once

#include <algorithm>
#include <cmath>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/resizing.h"

namespace tenon::cpu {

// Integers of any width are exact in double where it holds them.
template <class T>
using ResizeCompute =
    std::conditional_t<std::is_same_v<T, double> || std::is_integral_v<T>, double, float>;

// Of integers the nearest, ties to even, that the type has.
template <class T, class C>
TENON_INLINE T store_resized(C x) {
  if constexpr (std::is_integral_v<T>) {
    const C whole = std::nearbyint(x);
    if (!(whole > static_cast<C>(lowest<T>()))) return lowest<T>();
    if (whole >= static_cast<C>(highest<T>())) return highest<T>();
    return static_cast<T>(whole);
  } else {
    return store<T>(x);
  }
}

// The neighbours of one position that count, and where they lie.
template <class C>
class ResizeTaps {
 public:
  struct Tap {
    int64_t index;
    C weight;
  };
  ResizeTaps(const ResizeFilter& filter, const ResizeAxis& axis, int64_t x)
      : filter_(filter), axis_(axis), window_(filter.window(axis, x)) {
    for (int64_t t = 0; t < std::min(window_.count, kKept); ++t) kept_[t] = compute(t);
  }
  int64_t count() const { return window_.count; }
  Tap operator[](int64_t t) const { return t < kKept ? kept_[t] : compute(t); }

 private:
  static constexpr int64_t kKept = 32;
  Tap compute(int64_t t) const {
    const int64_t neighbour = window_.first + t;
    const double weight = filter_.nearest() ? 1 : filter_.weight(axis_, window_, neighbour);
    return {std::clamp<int64_t>(neighbour, 0, axis_.in - 1), static_cast<C>(weight)};
  }
  const ResizeFilter& filter_;
  const ResizeAxis& axis_;
  const ResizeFilter::Window window_;
  Tap kept_[kKept];
};

// sum[i] += weight * from[i * step], in bytes.
template <class S, class C>
TENON_INLINE void add_weighted(C* sum, const std::byte* from, int64_t step, C weight,
                               int64_t count) {
  if (step == sizeof(S)) {
    const S* line = reinterpret_cast<const S*>(from);
    for (int64_t i = 0; i < count; ++i) sum[i] += weight * static_cast<C>(load(line[i]));
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    sum[i] += weight * static_cast<C>(load(*reinterpret_cast<const S*>(from + i * step)));
}

inline constexpr int64_t kResizeLanes = 64;

// `from` has the dims of `to` but along axis `d`, where it has axis.in for axis.out.
template <class S, class D, class C>
void resize_axis(const ResizeFilter& filter, const ResizeAxis& axis, const View& to,
                 const View& from, int32_t d, const Execution& execution) {
  const AxisLines<2> lines({to, from}, d, d + 1);
  const int64_t to_step = to.strides[d] * static_cast<int64_t>(sizeof(D));
  const int64_t from_step = from.strides[d] * static_cast<int64_t>(sizeof(S));
  const int64_t grain = std::max<int64_t>(kResizeLanes, (1 << 14) / (axis.out + 1));
  execution.parallel_for(lines.count(), grain, [&](int64_t begin, int64_t end) {
    // A block of lines stays in the cache while all outputs are made of it.
    for (int64_t first = begin; first < end; first += 2 * kResizeLanes) {
      const int64_t last = std::min(end, first + 2 * kResizeLanes);
      for (int64_t x = 0; x < axis.out; ++x) {
        const ResizeTaps<C> taps(filter, axis, x);
        lines.rows(first, last, [&](std::byte* const* p, const int64_t* s, int64_t count) {
          for (int64_t done = 0; done < count; done += kResizeLanes) {
            const int64_t lanes = std::min(kResizeLanes, count - done);
            C sum[kResizeLanes] = {};
            for (int64_t t = 0; t < taps.count(); ++t) {
              const auto [index, weight] = taps[t];
              if (weight == 0) continue;
              add_weighted<S>(sum, p[1] + done * s[1] + index * from_step, s[1], weight, lanes);
            }
            std::byte* out = p[0] + done * s[0] + x * to_step;
            for (int64_t i = 0; i < lanes; ++i)
              *reinterpret_cast<D*>(out + i * s[0]) = store_resized<D>(sum[i]);
          }
        });
      }
    }
  });
}

// The other way: `to`, zeros before, has axis.in where `from` has axis.out. In order of `from`.
template <class S, class C>
void spread_axis(const ResizeFilter& filter, const ResizeAxis& axis, const View& to,
                 const View& from, int32_t d, const Execution& execution) {
  const AxisLines<2> lines({to, from}, d, d + 1);
  const int64_t to_step = to.strides[d] * static_cast<int64_t>(sizeof(C));
  const int64_t from_step = from.strides[d] * static_cast<int64_t>(sizeof(S));
  const int64_t grain = std::max<int64_t>(kResizeLanes, (1 << 14) / (axis.out + 1));
  execution.parallel_for(lines.count(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += 2 * kResizeLanes) {
      const int64_t last = std::min(end, first + 2 * kResizeLanes);
      for (int64_t x = 0; x < axis.out; ++x) {
        const ResizeTaps<C> taps(filter, axis, x);
        lines.rows(first, last, [&](std::byte* const* p, const int64_t* s, int64_t count) {
          for (int64_t t = 0; t < taps.count(); ++t) {
            const auto [index, weight] = taps[t];
            if (weight == 0) continue;
            std::byte* out = p[0] + index * to_step;
            const std::byte* in = p[1] + x * from_step;
            for (int64_t i = 0; i < count; ++i)
              *reinterpret_cast<C*>(out + i * s[0]) +=
                  weight * static_cast<C>(load(*reinterpret_cast<const S*>(in + i * s[1])));
          }
        });
      }
    }
  });
}

// A dense tensor between two passes.
class ResizeBuffer {
 public:
  ResizeBuffer(std::byte* data, tn_dtype dtype, std::span<const int64_t> dims) {
    int64_t stride = 1;
    for (size_t d = dims.size(); d-- > 0; stride *= dims[d])
      dims_[d] = dims[d], strides_[d] = stride;
    view_ = {data, dims_, strides_, static_cast<int32_t>(dims.size()), dtype};
  }
  ResizeBuffer(const ResizeBuffer&) = delete;
  ResizeBuffer& operator=(const ResizeBuffer&) = delete;
  const View& view() const { return view_; }

 private:
  int64_t dims_[TN_MAX_RANK], strides_[TN_MAX_RANK];
  View view_;
};

// Of the tensors between passes, none has more elements.
inline int64_t most_between(const View& x, const View& y) {
  int64_t count = 1;
  for (int32_t d = 0; d < x.rank; ++d) count *= std::max(x.dims[d], y.dims[d]);
  return count;
}

}  // namespace tenon::cpu
