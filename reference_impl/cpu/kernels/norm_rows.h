// SPDX-License-Identifier: Apache-2.0
//
// What layer norm and its gradient do with a piece of a row of any strides (bytes).
//
// x - mean is taken in the compute type without losing what double knows of the mean: the mean is a
// sum of two numbers, the larger of which is close to x.
#pragma once

#include "reference_impl/cpu/kernels/row_math.h"
#include "reference_impl/cpu/kernels/simd.h"

namespace tenon::cpu {

template <class C>
struct SplitMean {
  explicit SplitMean(double mean)
      : high(static_cast<C>(mean)), low(static_cast<C>(mean - static_cast<double>(high))) {}
  TENON_INLINE C distance(C x) const { return (x - high) - low; }
  C high, low;
};

template <class T>
TENON_INLINE Compute<T> at(const std::byte* data, int64_t stride, int64_t i) {
  return load(*reinterpret_cast<const T*>(data + i * stride));
}

// kSquares: the sum of squared distances from `mean`; else the sum of the row.
template <class T, bool kSquares>
struct RowSum {
  static TENON_INLINE void body(const std::byte* x, int64_t stride, int64_t count, double mean,
                                double* sum) {
    if (stride == static_cast<int64_t>(sizeof(T))) {
      add(x, sizeof(T), count, mean, sum);
    } else {
      add(x, stride, count, mean, sum);
    }
  }

 private:
  static TENON_INLINE void add(const std::byte* x, int64_t stride, int64_t count, double mean,
                               double* sum) {
    *sum += sum_row(count, [=](int64_t i) __attribute__((always_inline)) {
      const double value = static_cast<double>(at<T>(x, stride, i));
      return kSquares ? (value - mean) * (value - mean) : value;
    });
  }
};

// y = (x - mean) * inv * scale + shift. Operands: y, x, scale, shift.
template <class T>
struct RowNormalize {
  using C = Compute<T>;
  static TENON_INLINE void body(std::byte* const* p, const int64_t* s, int64_t count, double mean,
                                double inv) {
    constexpr int64_t kSize = sizeof(T);
    if (s[0] == kSize && s[1] == kSize && s[2] == kSize && s[3] == kSize) {
      const int64_t contiguous[4] = {kSize, kSize, kSize, kSize};
      normalize(p, contiguous, count, mean, inv);
    } else if (s[0] == kSize && s[1] == kSize && s[2] == 0 && s[3] == 0) {
      const int64_t contiguous[4] = {kSize, kSize, 0, 0};
      normalize(p, contiguous, count, mean, inv);
    } else {
      normalize(p, s, count, mean, inv);
    }
  }

 private:
  static TENON_INLINE void normalize(std::byte* const* p, const int64_t* s, int64_t count,
                                     double mean, double inv) {
    const SplitMean<C> split(mean);
    const C factor = static_cast<C>(inv);
    std::byte* const y = p[0];
    const std::byte *const x = p[1], *const scale = p[2], *const shift = p[3];
    const int64_t sy = s[0], sx = s[1], sscale = s[2], sshift = s[3];
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
      const C normal = split.distance(at<T>(x, sx, i)) * factor;
      *reinterpret_cast<T*>(y + i * sy) =
          store<T>(normal * at<T>(scale, sscale, i) + at<T>(shift, sshift, i));
    }
  }
};

// Calls loop(strides) with strides that the compiler knows to be contiguous, if they are.
template <class T, int kOperands, class Loop>
TENON_INLINE void with_known_strides(const int64_t* strides, Loop loop) {
  int64_t known[kOperands];
  bool contiguous = true;
  for (int k = 0; k < kOperands; ++k) {
    known[k] = sizeof(T);
    contiguous = contiguous && strides[k] == known[k];
  }
  if (contiguous) {
    loop(static_cast<const int64_t*>(known));
  } else {
    loop(strides);
  }
}

// The two sums of a row that its gradient needs, of g = dy * scale: of g and of g * normal x.
// Operands: dy, x, scale.
template <class T>
struct RowGradSums {
  static TENON_INLINE void body(std::byte* const* p, const int64_t* strides, int64_t count,
                                double mean, double inv, double* sums) {
    with_known_strides<T, 3>(strides, [=](const int64_t* s) __attribute__((always_inline)) {
      const std::byte *const dy = p[0], *const x = p[1], *const scale = p[2];
      const int64_t sdy = s[0], sx = s[1], sscale = s[2];
      sums[0] += sum_row(count, [=](int64_t i) __attribute__((always_inline)) {
        return static_cast<double>(at<T>(dy, sdy, i)) *
               static_cast<double>(at<T>(scale, sscale, i));
      });
      sums[1] += inv * sum_row(count, [=](int64_t i) __attribute__((always_inline)) {
                   return static_cast<double>(at<T>(dy, sdy, i)) *
                          static_cast<double>(at<T>(scale, sscale, i)) *
                          (static_cast<double>(at<T>(x, sx, i)) - mean);
                 });
    });
  }
};

// dx = inv * (g - mean_g - normal x * mean_gx). Operands: dx, dy, x, scale.
template <class T>
struct RowGrad {
  using C = Compute<T>;
  static TENON_INLINE void body(std::byte* const* p, const int64_t* strides, int64_t count,
                                double mean, double inv, const double* means) {
    with_known_strides<T, 4>(strides, [=](const int64_t* s) __attribute__((always_inline)) {
      const SplitMean<C> split(mean);
      const C factor = static_cast<C>(inv);
      const C mean_g = static_cast<C>(means[0]), mean_gx = static_cast<C>(means[1]);
      std::byte* const dx = p[0];
      const std::byte *const dy = p[1], *const x = p[2], *const scale = p[3];
      const int64_t sdx = s[0], sdy = s[1], sx = s[2], sscale = s[3];
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) {
        const C g = at<T>(dy, sdy, i) * at<T>(scale, sscale, i);
        const C normal = split.distance(at<T>(x, sx, i)) * factor;
        *reinterpret_cast<T*>(dx + i * sdx) = store<T>(factor * (g - mean_g - normal * mean_gx));
      }
    });
  }
};

// Adds a row to the sums of columns, for dScale (dy * normal x) and dB (dy). Operands: dy, x.
template <class T>
struct RowToColumns {
  static TENON_INLINE void body(std::byte* const* p, const int64_t* strides, int64_t count,
                                double mean, double inv, double* weighted, double* plain) {
    with_known_strides<T, 2>(strides, [=](const int64_t* s) __attribute__((always_inline)) {
      const std::byte *const grad = p[0], *const x = p[1];
      const int64_t sgrad = s[0], sx = s[1];
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) {
        const double dy = static_cast<double>(at<T>(grad, sgrad, i));
        weighted[i] += dy * ((static_cast<double>(at<T>(x, sx, i)) - mean) * inv);
        plain[i] += dy;
      }
    });
  }
};

}  // namespace tenon::cpu
