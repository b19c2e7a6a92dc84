// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/strided_copy.h"

#include <cstdlib>
#include <cstring>

namespace tenon::cpu {
namespace {

struct Bits128 {
  uint64_t low;
  uint64_t high;
};

template <class T>
void copy_run(T* dst, const T* src, int64_t size, int64_t dst_stride, int64_t src_stride) {
  if (dst_stride == 1 && src_stride == 1) {
    std::memcpy(dst, src, static_cast<size_t>(size) * sizeof(T));
  } else if (dst_stride == 1 && src_stride == 0) {
    std::fill_n(dst, size, *src);
  } else {
    for (int64_t i = 0; i < size; ++i) dst[i * dst_stride] = src[i * src_stride];
  }
}

// The dim, other than the innermost, along which src is dense; rank if there is none.
size_t transposed_dim(const PairLoop& loop) {
  if (loop.rank < 2 || loop.inner().src == 1) return loop.rank;
  for (size_t i = 0; i + 1 < loop.rank; ++i) {
    if (loop.all[i].src == 1) return i;
  }
  return loop.rank;
}

// dst is dense along its columns, src along its rows. Tiles of 64 bytes by 64 bytes: each cache
// line on either side is read or written once, however the other side jumps.
template <class T>
void transpose(T* dst, const T* src, const PairLoop::Dim& rows, const PairLoop::Dim& columns) {
  constexpr int64_t kTile = 64 / sizeof(T);
  for (int64_t r = 0; r < rows.size; r += kTile) {
    const int64_t r_end = std::min(rows.size, r + kTile);
    for (int64_t c = 0; c < columns.size; c += kTile) {
      const int64_t c_end = std::min(columns.size, c + kTile);
      for (int64_t i = r; i < r_end; ++i) {
        for (int64_t j = c; j < c_end; ++j) {
          dst[i * rows.dst + j * columns.dst] = src[i * rows.src + j * columns.src];
        }
      }
    }
  }
}

template <class T>
void copy_transposed(T* dst, const T* src, PairLoop loop, size_t dim, const Execution& execution) {
  constexpr int64_t kRows = 64;  // Of one piece of work.
  // The dense dim of src becomes the last but one.
  std::rotate(loop.all.begin() + dim, loop.all.begin() + dim + 1, loop.all.begin() + loop.rank - 1);
  const PairLoop::Dim rows = loop.all[loop.rank - 2];
  const PairLoop::Dim columns = loop.all[loop.rank - 1];
  const int64_t bands = (rows.size + kRows - 1) / kRows;
  const int64_t outer = loop.count() / (rows.size * columns.size);
  const int64_t grain = std::max<int64_t>(1, 32768 / (std::min(kRows, rows.size) * columns.size));
  execution.parallel_for(outer * bands, grain, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t first = piece % bands * kRows;
      const PairLoop::Dim band{std::min(kRows, rows.size - first), rows.dst, rows.src};
      const int64_t at = piece / bands;
      loop.walk(loop.rank - 2, at, at + 1, [&](int64_t d, int64_t s) {
        transpose(dst + d + first * rows.dst, src + s + first * rows.src, band, columns);
      });
    }
  });
}

template <class T>
void copy_elements(const View& dst, const View& src, const PairLoop& loop,
                   const Execution& execution) {
  const size_t dim = transposed_dim(loop);
  if (dim != loop.rank) {
    copy_transposed(dst.as<T>(), src.as<T>(), loop, dim, execution);
    return;
  }
  for_each_run(loop, execution,
               [&](int64_t d, int64_t s, int64_t size, int64_t dst_stride, int64_t src_stride) {
                 copy_run(dst.as<T>() + d, src.as<T>() + s, size, dst_stride, src_stride);
               });
}

// On one thread: neighbours share bytes.
template <int kBits>
void copy_packed(const View& dst, const View& src, const PairLoop& loop) {
  const PairLoop::Dim inner = loop.inner();
  loop.walk(loop.rank == 0 ? 0 : loop.rank - 1, 0, loop.count() / inner.size,
            [&](int64_t d, int64_t s) {
              int64_t i = 0;
              constexpr int64_t kInByte = 8 / kBits;
              if (inner.dst == 1 && inner.src == 1 && d % kInByte == 0 && s % kInByte == 0) {
                i = inner.size / kInByte * kInByte;
                std::memcpy(dst.data + d / kInByte, src.data + s / kInByte,
                            static_cast<size_t>(i / kInByte));
              }
              for (; i < inner.size; ++i) {
                set_packed<kBits>(dst.data, d + i * inner.dst,
                                  get_packed<kBits>(src.data, s + i * inner.src));
              }
            });
}

}  // namespace

PairLoop::PairLoop(std::span<const int64_t> dims, const int64_t* dst_strides,
                   const int64_t* src_strides) {
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    all[rank++] = {dims[i], dst_strides[i], src_strides != nullptr ? src_strides[i] : 0};
  }
  // Insertion sort: stable, and nearly always nothing to do.
  for (size_t i = 1; i < rank; ++i) {
    for (size_t j = i; j > 0 && std::abs(all[j - 1].dst) < std::abs(all[j].dst); --j) {
      std::swap(all[j - 1], all[j]);
    }
  }
  size_t merged = 0;
  for (size_t i = 1; i < rank; ++i) {
    Dim& outer = all[merged];
    const Dim& next = all[i];
    if (outer.dst == next.dst * next.size && outer.src == next.src * next.size) {
      outer = {outer.size * next.size, next.dst, next.src};
    } else {
      all[++merged] = next;
    }
  }
  if (rank != 0) rank = merged + 1;
}

void strided_copy(const View& dst, const View& src, const Execution& execution) {
  if (dst.count() == 0) return;
  if (dst.data == src.data) return;  // The very same view: nothing to do.
  const PairLoop loop(dst.shape(), dst.strides, src.strides);
  switch (tn_dtype_bits(dst.dtype)) {
    case 2:
      return copy_packed<2>(dst, src, loop);
    case 4:
      return copy_packed<4>(dst, src, loop);
    case 8:
      return copy_elements<uint8_t>(dst, src, loop, execution);
    case 16:
      return copy_elements<uint16_t>(dst, src, loop, execution);
    case 32:
      return copy_elements<uint32_t>(dst, src, loop, execution);
    case 64:
      return copy_elements<uint64_t>(dst, src, loop, execution);
    default:
      return copy_elements<Bits128>(dst, src, loop, execution);
  }
}

}  // namespace tenon::cpu
