// SPDX-License-Identifier: Apache-2.0
//
// Packing: a strip of a matrix becomes a panel that the block loops read from front to back.
#include <algorithm>
#include <cstring>

#include "reference_impl/cpu/kernels/gemm.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu::gemm {
namespace {

// Four floats of the baseline's registers; in memory aligned as a float.
typedef float Four __attribute__((vector_size(16)));
typedef float FourInMemory __attribute__((vector_size(16), aligned(4), may_alias));

// to[i * width + lane] = from[lane * lane_stride + i] for 4 lanes and 4 elements of each.
void transpose_four(float* to, int64_t width, const float* from, int64_t lane_stride) {
  Four r[4];
  for (int64_t lane = 0; lane < 4; ++lane) {
    r[lane] = *reinterpret_cast<const FourInMemory*>(from + lane * lane_stride);
  }
  const Four low01 = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
  const Four high01 = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  const Four low23 = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
  const Four high23 = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  const Four columns[4] = {__builtin_shufflevector(low01, low23, 0, 1, 4, 5),
                           __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
                           __builtin_shufflevector(high01, high23, 0, 1, 4, 5),
                           __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
  for (int64_t i = 0; i < 4; ++i) *reinterpret_cast<FourInMemory*>(to + i * width) = columns[i];
}

// Lanes whose elements lie in memory one by one.
template <class T, class S>
void transpose(T* to, int64_t width, int64_t lanes, int64_t depth, const S* from,
               int64_t lane_stride) {
  int64_t lane = 0;
  if constexpr (std::is_same_v<T, float> && std::is_same_v<S, float>) {
    // Four elements of all lanes, then the next: what is written is written in order.
    const int64_t groups = lanes / 4 * 4, whole = depth / 4 * 4;
    for (int64_t p = 0; p < whole; p += 4) {
      for (lane = 0; lane < groups; lane += 4) {
        transpose_four(to + p * width + lane, width, from + lane * lane_stride + p, lane_stride);
      }
    }
    for (int64_t p = whole; p < depth; ++p) {
      for (int64_t i = 0; i < groups; ++i) to[p * width + i] = from[i * lane_stride + p];
    }
    lane = groups;
  }
  for (; lane < lanes; ++lane) {
    const S* line = from + lane * lane_stride;
    for (int64_t p = 0; p < depth; ++p) to[p * width + lane] = static_cast<T>(load(line[p]));
  }
}

template <class T, class S>
void pack(T* to, int64_t width, int64_t lanes, int64_t depth, const S* from, int64_t lane_stride,
          int64_t depth_stride) {
  if (depth_stride == 1) {
    transpose(to, width, lanes, depth, from, lane_stride);
    for (int64_t p = 0; lanes < width && p < depth; ++p) {
      std::fill(to + p * width + lanes, to + (p + 1) * width, T{0});
    }
    return;
  }
  for (int64_t p = 0; p < depth; ++p) {
    const S* line = from + p * depth_stride;
    T* out = to + p * width;
    if (lane_stride == 1) {
      if constexpr (std::is_same_v<T, S>) {
        if (lanes == kPanelWidth<T>) {
          std::memcpy(out, line, sizeof(T) * static_cast<size_t>(kPanelWidth<T>));
          continue;
        }
      }
      for (int64_t i = 0; i < lanes; ++i) out[i] = static_cast<T>(load(line[i]));
    } else {
      for (int64_t i = 0; i < lanes; ++i) out[i] = static_cast<T>(load(line[i * lane_stride]));
    }
    for (int64_t i = lanes; i < width; ++i) out[i] = 0;
  }
}

}  // namespace

// Flat, because a small product packs a panel in hardly more time than a call takes.
template <class T>
[[gnu::flatten]] void pack_panel(T* to, int64_t width, int64_t lanes, int64_t depth,
                                 const std::byte* from, tn_dtype dtype, int64_t lane_stride,
                                 int64_t depth_stride) {
  constexpr uint64_t kSources =
      std::is_same_v<T, double> ? dtype_bit(TN_FLOAT64) : kFloatTypes & ~dtype_bit(TN_FLOAT64);
  visit_dtype<kSources>("matrix product", dtype, [&](auto type) {
    using S = typename decltype(type)::type;
    pack(to, width, lanes, depth, reinterpret_cast<const S*>(from), lane_stride, depth_stride);
  });
}

template void pack_panel(float*, int64_t, int64_t, int64_t, const std::byte*, tn_dtype, int64_t,
                         int64_t);
template void pack_panel(double*, int64_t, int64_t, int64_t, const std::byte*, tn_dtype, int64_t,
                         int64_t);

}  // namespace tenon::cpu::gemm
