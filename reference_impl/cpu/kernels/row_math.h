// SPDX-License-Identifier: Apache-2.0
//
// Loops over a row of numbers that the compiler vectorizes: loading into the compute type, sums in
// double, the largest element. Reductions run in lanes, in an order that is written down; so many
// of them that the compiler keeps them as a loop, which it vectorizes better than unrolled
// statements.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

// Elements of a row that are kept in the compute type, on the stack.
inline constexpr int64_t kRowPiece = 2048;

// `stride` is in elements.
template <class T>
TENON_INLINE void load_row(const T* from, int64_t stride, int64_t count, Compute<T>* to) {
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) to[i] = load(from[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = load(from[i * stride]);
  }
}

template <class T>
TENON_INLINE void store_row(const Compute<T>* from, int64_t count, T* to, int64_t stride) {
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) to[i] = store<T>(from[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i * stride] = store<T>(from[i]);
  }
}

// The sum of value(i) over [0, count), in double.
template <class Value>
TENON_INLINE double sum_row(int64_t count, Value value) {
  constexpr int kLanes = 32;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += static_cast<double>(value(i + lane));
  for (int64_t lane = 0; lane < count - i; ++lane)
    lanes[lane] += static_cast<double>(value(i + lane));
  // By halves: one by one, each would be rounded as the whole sum is.
  for (int step = kLanes / 2; step > 0; step /= 2)
    for (int lane = 0; lane < step; ++lane) lanes[lane] += lanes[lane + step];
  return lanes[0];
}

// The largest or smallest element; NaN is passed over.
template <bool kLargest, class C>
TENON_INLINE C extreme_row(const C* x, int64_t count) {
  constexpr int kLanes = 64;
  constexpr C kInf = std::numeric_limits<C>::infinity();
  C lanes[kLanes];
  for (C& lane : lanes) lane = kLargest ? -kInf : kInf;
  const auto take = [](C& lane, C value) __attribute__((always_inline)) {
    if constexpr (kLargest) {
      lane = value > lane ? value : lane;
    } else {
      lane = value < lane ? value : lane;
    }
  };
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) take(lanes[lane], x[i + lane]);
  for (int64_t lane = 0; lane < count - i; ++lane) take(lanes[lane], x[i + lane]);
  for (int step = kLanes / 2; step > 0; step /= 2)
    for (int lane = 0; lane < step; ++lane) take(lanes[lane], lanes[lane + step]);
  return lanes[0];
}
template <class C>
TENON_INLINE C max_row(const C* x, int64_t count) {
  return extreme_row<true>(x, count);
}
template <class C>
TENON_INLINE C min_row(const C* x, int64_t count) {
  return extreme_row<false>(x, count);
}

}  // namespace tenon::cpu
