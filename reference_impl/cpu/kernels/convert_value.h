// SPDX-License-Identifier: Apache-2.0
//
// Conversion of one value between C++ types of elements.
#pragma once

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

// A double as a float that rounds on to any narrower format as the double itself would: inexact
// results are rounded to odd.
TENON_INLINE float round_to_odd(double x) {
  float f = static_cast<float>(x);
  if (static_cast<double>(f) == x || x != x) return f;
  uint32_t bits = std::bit_cast<uint32_t>(f);
  if (std::fabs(static_cast<double>(f)) > std::fabs(x)) --bits;
  return std::bit_cast<float>(bits | 1u);
}

// Truncates. Small integers go by way of int32, wrapping as the hardware's conversions do.
template <class I, class F>
TENON_INLINE I truncate_to(F x) {
  if constexpr (sizeof(I) < 4) {
    return static_cast<I>(truncate_to<int32_t>(x));
  } else {
    constexpr F kHigh = std::is_signed_v<I>
                            ? static_cast<F>(-static_cast<F>(std::numeric_limits<I>::min()))
                            : F(2) * static_cast<F>(I{1} << (8 * sizeof(I) - 1));
    // Negative numbers wrap in unsigned types where they can.
    constexpr F kLow = std::is_signed_v<I> ? -kHigh : F(-1);
    if constexpr (std::is_signed_v<I>) {
      return x >= kLow && x < kHigh ? static_cast<I>(x) : std::numeric_limits<I>::min();
    } else {
      if (x > kLow && x < kHigh) return static_cast<I>(x);
      return static_cast<I>(truncate_to<int64_t>(x));
    }
  }
}

template <class To, class From>
TENON_INLINE To convert_value(From x) {
  if constexpr (kIsHalf<From>) {
    return convert_value<To>(to_float(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From{};
  } else if constexpr (kIsHalf<To>) {
    if constexpr (std::is_same_v<From, float>) {
      return store<To>(x);
    } else if constexpr (sizeof(From) <= 2) {
      return store<To>(static_cast<float>(x));  // Exact.
    } else {
      return store<To>(round_to_odd(static_cast<double>(x)));
    }
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncate_to<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace tenon::cpu
