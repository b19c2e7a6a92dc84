// SPDX-License-Identifier: Apache-2.0
//
// What the gathering and scattering kernels share: reading indices, moving elements by their size,
// and copying a block of any strides.
#pragma once

#include <cstring>
#include <string>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/index_checks.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::cpu {

// Indices are int32 or int64: `wide` says which.
TENON_INLINE int64_t read_index(const std::byte* at, bool wide) {
  return wide ? *reinterpret_cast<const int64_t*>(at) : *reinterpret_cast<const int32_t*>(at);
}

struct Element128 {
  uint64_t halves[2];
};

// Calls visit(Type<T>{}) with a type of `size` bytes, for elements that are only moved.
template <class Visit>
decltype(auto) visit_size(int64_t size, Visit&& visit) {
  switch (size) {
    case 1:
      return visit(Type<uint8_t>{});
    case 2:
      return visit(Type<uint16_t>{});
    case 4:
      return visit(Type<uint32_t>{});
    case 8:
      return visit(Type<uint64_t>{});
    default:
      return visit(Type<Element128>{});
  }
}

// The byte offset of the element with row-major index `index` in the first `rank` dims of `view`.
inline int64_t byte_offset(const View& view, int32_t rank, int64_t index) {
  int64_t offset = 0;
  for (int32_t d = rank; d-- > 0;) {
    offset += index % view.dims[d] * view.strides[d];
    index /= view.dims[d];
  }
  return offset * element_size(view);
}

// Copies blocks of equal dims from places in one tensor to places in another.
class BlockCopy {
 public:
  BlockCopy(const View& to, const View& from)
      : loop_(make(to, from)), to_(to.data), from_(from.data), size_(element_size(to)) {}

  int64_t count() const { return loop_.count(); }

  void copy(std::byte* to, const std::byte* from) const {
    loop_.rows(0, loop_.count(), [&](std::byte* const* p, const int64_t* strides, int64_t n) {
      std::byte* out = to + (p[0] - to_);
      const std::byte* in = from + (p[1] - from_);
      if (n == 1 || (strides[0] == size_ && strides[1] == size_)) {
        std::memcpy(out, in, static_cast<size_t>(n * size_));
        return;
      }
      visit_size(size_, [&](auto type) {
        using T = typename decltype(type)::type;
        for (int64_t i = 0; i < n; ++i)
          *reinterpret_cast<T*>(out + i * strides[0]) =
              *reinterpret_cast<const T*>(in + i * strides[1]);
      });
    });
  }

 private:
  static StridedLoop<2> make(const View& to, const View& from) {
    const View* operands[] = {&to, &from};
    return StridedLoop<2>(operands, to.dims, to.rank);
  }

  StridedLoop<2> loop_;
  std::byte *to_, *from_;
  int64_t size_;
};

// The parts of the family of movements, by file.
std::span<const OperatorEntry> gather_operators();
std::span<const OperatorEntry> scatter_operators();
std::span<const OperatorEntry> scatter_block_operators();
std::span<const OperatorEntry> pad_operators();
std::span<const OperatorEntry> tile_operators();
std::span<const OperatorEntry> sequence_operators();
std::span<const OperatorEntry> nonzero_operators();
std::span<const OperatorEntry> unique_operators();
std::span<const OperatorEntry> topk_operators();

}  // namespace tenon::cpu
