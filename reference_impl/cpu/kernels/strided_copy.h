// SPDX-License-Identifier: Apache-2.0
//
// The strided copy behind Identity, reorder and constants, and the walk over dims that it shares
// with Cast and Fill.
#pragma once

#include <algorithm>
#include <array>

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

// Copies src to dst: equal dims and type, any strides, both strided, no overlap (or the very same
// view). A last dim that is dense on both sides is copied in runs; where the dense dims differ, in
// tiles that fit into the cache.
void strided_copy(const View& dst, const View& src, const Execution& execution);

// The dims of a pair of views, reordered and merged so that the innermost is the densest. Sizes of
// 1 are dropped; what is left may be of rank 0.
struct PairLoop {
  struct Dim {
    int64_t size;
    int64_t dst;  // Strides, in elements.
    int64_t src;
  };
  // For views of equal dims without zeros. `src_strides` may be null (all 0: one value for all).
  PairLoop(std::span<const int64_t> dims, const int64_t* dst_strides, const int64_t* src_strides);

  int64_t count() const {
    int64_t n = 1;
    for (size_t i = 0; i < rank; ++i) n *= all[i].size;
    return n;
  }
  // The innermost dim, a single element when there is none.
  Dim inner() const { return rank == 0 ? Dim{1, 1, 1} : all[rank - 1]; }

  // Calls body(dst offset, src offset) for positions [begin, end) of the first `outer` dims.
  template <class Body>
  void walk(size_t outer, int64_t begin, int64_t end, Body&& body) const {
    for (int64_t position = begin; position < end; ++position) {
      int64_t rest = position;
      int64_t dst = 0;
      int64_t src = 0;
      for (size_t i = outer; i-- > 0;) {
        const int64_t index = rest % all[i].size;
        rest /= all[i].size;
        dst += index * all[i].dst;
        src += index * all[i].src;
      }
      body(dst, src);
    }
  }

  std::array<Dim, TN_MAX_RANK> all;
  size_t rank = 0;
};

// Runs body(dst offset, src offset, size, dst stride, src stride) for each run of the innermost
// dim, on several threads; long runs are split.
template <class Body>
void for_each_run(const PairLoop& loop, const Execution& execution, Body&& body) {
  constexpr int64_t kElements = 32768;  // Of one piece of work: several microseconds.
  const PairLoop::Dim inner = loop.inner();
  if (loop.rank <= 1) {
    execution.parallel_for(inner.size, kElements, [&](int64_t begin, int64_t end) {
      body(begin * inner.dst, begin * inner.src, end - begin, inner.dst, inner.src);
    });
    return;
  }
  const int64_t grain = std::max<int64_t>(1, kElements / inner.size);
  execution.parallel_for(loop.count() / inner.size, grain, [&](int64_t begin, int64_t end) {
    loop.walk(loop.rank - 1, begin, end,
              [&](int64_t dst, int64_t src) { body(dst, src, inner.size, inner.dst, inner.src); });
  });
}

// Element `index` of an array of elements of 2 or 4 bits; the lower index has the lower bits.
template <int kBits>
inline uint8_t get_packed(const std::byte* data, int64_t index) {
  constexpr int64_t kInByte = 8 / kBits;
  const auto byte = static_cast<uint8_t>(data[index / kInByte]);
  return static_cast<uint8_t>(byte >> (index % kInByte * kBits) & ((1 << kBits) - 1));
}
template <int kBits>
inline void set_packed(std::byte* data, int64_t index, uint8_t value) {
  constexpr int64_t kInByte = 8 / kBits;
  constexpr int kMask = (1 << kBits) - 1;
  const auto shift = static_cast<int>(index % kInByte) * kBits;
  std::byte& byte = data[index / kInByte];
  byte = static_cast<std::byte>((static_cast<int>(byte) & ~(kMask << shift)) | (value & kMask)
                                                                                   << shift);
}

}  // namespace tenon::cpu
