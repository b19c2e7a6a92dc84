// SPDX-License-Identifier: Apache-2.0
//
// From numbers to whole numbers of few bits, and what they stand for.
#pragma once

#include "reference_impl/cpu/kernels/convert.h"
#include "reference_impl/cpu/kernels/scale_loop.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

struct IntegerRange {
  int32_t low, high;
};
// Of an integer type of 16 bits or fewer.
constexpr IntegerRange range_of(tn_dtype dtype) {
  const auto bits = static_cast<int32_t>(element_type(dtype).bits);
  const bool is_signed = element_type(dtype).kind == ElementKind::kSigned;
  return is_signed ? IntegerRange{-(1 << (bits - 1)), (1 << (bits - 1)) - 1}
                   : IntegerRange{0, (1 << bits) - 1};
}

// To the nearest whole number, ties to even: the sum has no bits for less. For |x| of at most 2^22.
TENON_INLINE float round_even(float x) { return (x + 12582912.0f) - 12582912.0f; }
TENON_INLINE double round_even(double x) { return (x + 6755399441055744.0) - 6755399441055744.0; }

// round(x) + zero within the range, which is of 16 bits or fewer. NaN gives its lowest.
template <class C>
TENON_INLINE int32_t saturated(C x, int32_t zero, IntegerRange range) {
  const C low = static_cast<C>(range.low - zero), high = static_cast<C>(range.high - zero);
  const C above = x > low ? x : low;
  return static_cast<int32_t>(round_even(above < high ? above : high)) + zero;
}

// Elements as numbers of a C++ type: `count` from element `at` on, `step` apart.
template <class C>
void read_numbers(const View& view, int64_t at, int64_t step, int64_t count, C* to) {
  constexpr tn_dtype kTo = DtypeOf<C>::value;
  find_convert(kTo, view.dtype)(
      {reinterpret_cast<std::byte*>(to), view.data, 0, at, count, 1, step, true}, kTo, view.dtype);
}
template <class C>
void write_numbers(const View& view, int64_t at, int64_t step, int64_t count, const C* from,
                   bool saturate = true) {
  constexpr tn_dtype kFrom = DtypeOf<C>::value;
  find_convert(view.dtype, kFrom)(
      {view.data, reinterpret_cast<const std::byte*>(from), at, 0, count, step, 1, saturate},
      view.dtype, kFrom);
}
// Of a tensor of one element; `otherwise` where it is absent.
template <class C>
C one_number(const View& view, C otherwise = {}) {
  if (view.present()) read_numbers(view, 0, 0, 1, &otherwise);
  return otherwise;
}

// Whether neighbours share bytes, so that one thread alone may write them.
inline bool shares_bytes(const View& view) { return tn_dtype_bits(view.dtype) < 8; }

// y = saturate(x / scale + zero), the first and the quotient rounded as QuantizeLinear says.
struct QuantizeRule {
  tn_dtype quotient;  // float32, float16 or bfloat16; undefined: exact.
  bool saturate;      // For 8-bit floats.
};
void quantize(const QuantizeRule& rule, const View& x, const View& y, const View& scale,
              const View& zero, const ScaleRun& run);

// y = (x - zero) * scale.
void dequantize(const View& x, const View& y, const View& scale, const View& zero,
                const ScaleRun& run);

// What products are made of: y = saturate(round(sum * factor) + zero), or of floats without
// rounding to a whole number.
struct Rescale {
  Rescale(const View& y_scale, const View& y_zero)
      : scale(one_number<float>(y_scale, 1)),
        zero(one_number<int32_t>(y_zero)),
        float_zero(one_number<float>(y_zero)) {}

  // `count` elements, 16 at most, each with a factor.
  void store(const View& y, int64_t at, int64_t step, int64_t count, const float* sums,
             const float* factors) const;

  float scale;
  int32_t zero;
  float float_zero;
};

}  // namespace tenon::cpu
