// SPDX-License-Identifier: Apache-2.0
//
// For each block of k: pack A's columns and B's rows of it (in parallel), then multiply tiles of C
// (in parallel). The workspace is therefore (m + n) x kDepth, however long k is.
#include "reference_impl/cpu/kernels/gemm.h"

#include <algorithm>
#include <type_traits>

#include "reference_impl/cpu/kernels/output_form.h"
#include "reference_impl/cpu/kernels/scratch.h"

namespace tenon::cpu::gemm {
namespace {

// Bytes of one k block of a panel's lane: 12 rows x 1.5 KiB of A lie in any first-level cache
// beside the panels of B that pass through it.
template <class T>
constexpr int64_t kDepth = 1536 / static_cast<int64_t>(sizeof(T));
// A tile of C that one thread takes: its block of A (96 rows) fits in the second-level cache.
constexpr int64_t kTileColumns = 256;
constexpr int64_t kTileRows = 96;
// Products with fewer multiplications are not worth a second thread.
constexpr int64_t kGrain = 1 << 16;

constexpr int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }
constexpr int64_t ceil_div(int64_t x, int64_t by) { return (x + by - 1) / by; }

// With B packed and few rows the time goes into reading B: one pass, in the order of its memory.
template <class T>
int64_t depth_of(const Isa& isa, int64_t m, int64_t k, bool b_packed) {
  return b_packed && m <= 2 * isa.rows ? k : std::min(k, kDepth<T>);
}

template <class Body>
void parallel(const Execution* execution, int64_t count, int64_t grain, Body&& body) {
  if (execution == nullptr) {
    if (count > 0) body(int64_t{0}, count);
  } else {
    execution->parallel_for(count, std::max<int64_t>(grain, 1), body);
  }
}

template <class T>
void zero(const Product<T>& product) {
  for (int64_t i = 0; i < product.m; ++i) {
    for (int64_t j = 0; j < product.n; ++j) {
      product.c[i * product.c_row_stride + j * product.c_column_stride] = 0;
    }
  }
}

// The same product of the transposed matrices, so that C's rows are its contiguous direction.
template <class T>
Product<T> transposed(const Product<T>& p) {
  Product<T> t = p;
  std::swap(t.m, t.n);
  t.a = {p.b.data, p.b.dtype, p.b.column_stride, p.b.row_stride};
  t.b = {p.a.data, p.a.dtype, p.a.column_stride, p.a.row_stride};
  std::swap(t.c_row_stride, t.c_column_stride);
  return t;
}

// Few rows and columns that are lines: B is read as it is, once.
template <class T>
bool is_dots(const Product<T>& p) {
  return std::is_same_v<T, float> && p.packed_b == nullptr && p.m <= kMostDotRows &&
         p.b.row_stride == 1 && p.b.dtype == TN_FLOAT32 && p.a.dtype == TN_FLOAT32 && !p.accumulate;
}

void multiply_dots(const Isa& isa, const Product<float>& p, float* rows,
                   const Execution* execution) {
  const auto* a = reinterpret_cast<const float*>(p.a.data);
  for (int64_t i = 0; i < p.m; ++i) {
    for (int64_t k = 0; k < p.k; ++k)
      rows[i * p.k + k] = a[i * p.a.row_stride + k * p.a.column_stride];
  }
  constexpr int64_t kPiece = 64;
  const int64_t pieces = ceil_div(p.n, kPiece);
  parallel(execution, pieces, kGrain / (p.m * p.k * kPiece), [&](int64_t begin, int64_t end) {
    for (int64_t j = begin * kPiece; j < std::min(end * kPiece, p.n); j += kPiece) {
      const int64_t n = std::min(kPiece, p.n - j);
      float sums[kMostDotRows * kPiece];
      isa.dot({p.m, n, p.k, p.alpha, rows,
               reinterpret_cast<const float*>(p.b.data) + j * p.b.column_stride, p.b.column_stride,
               sums, n});
      for (int64_t i = 0; i < p.m; ++i) {
        float* const line = sums + i * n;
        if (p.epilogue != nullptr) finish_line(*p.epilogue, line, 0, p.row + i, j, n);
        float* const to = p.c + i * p.c_row_stride + j * p.c_column_stride;
        for (int64_t x = 0; x < n; ++x) to[x * p.c_column_stride] = line[x];
      }
    }
  });
}

}  // namespace

template <class T>
uint64_t scratch_size(const Isa& isa, int64_t m, int64_t n, int64_t k, bool b_packed) {
  const int64_t depth = depth_of<T>(isa, m, k, b_packed);
  WorkspaceParts parts;
  // Rounded up both ways: the product may run transposed.
  const int64_t rows = m <= kMostDotRows && !b_packed ? m * k : 0;
  parts.take_array<T>(std::max(round_up(m, kPanelWidth<T>) * depth, rows));
  if (!b_packed) parts.take_array<T>(round_up(n, kPanelWidth<T>) * depth);
  return parts.used();
}

template <class T>
void multiply(const Isa& isa, const Product<T>& given, std::byte* scratch,
              const Execution* execution) {
  if (given.m == 0 || given.n == 0) return;
  if (given.k == 0) {
    if (!given.accumulate) zero(given);
    return;
  }
  if constexpr (std::is_same_v<T, float>) {
    if (is_dots(given)) {
      WorkspaceParts parts(scratch);
      return multiply_dots(isa, given, parts.take_array<float>(given.m * given.k), execution);
    }
  }
  const bool b_packed = given.packed_b != nullptr;
  const bool swap = !b_packed && given.epilogue == nullptr && given.c_column_stride != 1 &&
                    given.c_row_stride == 1;
  const Product<T> p = swap ? transposed(given) : given;

  constexpr int64_t kWidth = kPanelWidth<T>;
  const int64_t depth = depth_of<T>(isa, p.m, p.k, b_packed);
  const int64_t a_panels = ceil_div(p.m, isa.rows);
  const int64_t b_panels = ceil_div(p.n, kWidth);
  WorkspaceParts parts(scratch);
  T* packed_a = parts.take_array<T>(round_up(p.m, swap ? kWidth : 1) * depth);
  T* packed_b = b_packed ? nullptr : parts.take_array<T>(b_panels * kWidth * depth);

  // Few rows: narrower tiles, so that there is one for every thread.
  const int64_t tile_rows = round_up(kTileRows, isa.rows);
  const int64_t tile_columns =
      p.m <= tile_rows ? std::max(2 * kWidth, kTileColumns / 4) : kTileColumns;
  const int64_t row_tiles = ceil_div(p.m, tile_rows);
  const int64_t column_tiles = ceil_div(p.n, tile_columns);

  for (int64_t k0 = 0; k0 < p.k; k0 += depth) {
    const int64_t kc = std::min(depth, p.k - k0);
    const auto item = [](const MatrixOperand& x, int64_t row, int64_t column) {
      return x.data + (row * x.row_stride + column * x.column_stride) *
                          static_cast<int64_t>(tn_dtype_bits(x.dtype) / 8);
    };
    const int64_t to_pack = a_panels + (b_packed ? 0 : b_panels);
    parallel(execution, to_pack, kGrain / (4 * kc * kWidth), [&](int64_t begin, int64_t end) {
      for (int64_t panel = begin; panel < end; ++panel) {
        if (panel < a_panels) {
          const int64_t i = panel * isa.rows;
          const int64_t rows = std::min(isa.rows, p.m - i);
          pack_panel(packed_a + i * kc, rows, rows, kc, item(p.a, i, k0), p.a.dtype, p.a.row_stride,
                     p.a.column_stride);
        } else {
          const int64_t j = (panel - a_panels) * kWidth;
          pack_panel(packed_b + j * kc, kWidth, std::min(kWidth, p.n - j), kc, item(p.b, k0, j),
                     p.b.dtype, p.b.column_stride, p.b.row_stride);
        }
      }
    });
    const int64_t work = std::min(p.m, tile_rows) * std::min(p.n, tile_columns) * kc;
    parallel(execution, row_tiles * column_tiles, kGrain / work, [&](int64_t begin, int64_t end) {
      for (int64_t tile = begin; tile < end; ++tile) {
        const int64_t i = tile % row_tiles * tile_rows;
        const int64_t j = tile / row_tiles * tile_columns;
        Block<T> block;
        block.m = std::min(tile_rows, p.m - i);
        block.n = std::min(tile_columns, p.n - j);
        block.k = kc;
        block.alpha = p.alpha;
        block.a = packed_a + i * kc;
        block.b = b_packed ? p.packed_b + j * p.k + k0 * kWidth : packed_b + j * kc;
        block.b_panel_stride = (b_packed ? p.k : kc) * kWidth;
        block.c = p.c + i * p.c_row_stride + j * p.c_column_stride;
        block.c_row_stride = p.c_row_stride;
        block.c_column_stride = p.c_column_stride;
        block.accumulate = p.accumulate || k0 > 0;
        block.epilogue = k0 + kc == p.k ? p.epilogue : nullptr;
        block.row = p.row + i;
        block.column = j;
        isa.multiply(block);
      }
    });
  }
}

template uint64_t scratch_size<float>(const Isa&, int64_t, int64_t, int64_t, bool);
template uint64_t scratch_size<double>(const Isa&, int64_t, int64_t, int64_t, bool);
template void multiply(const Isa&, const Product<float>&, std::byte*, const Execution*);
template void multiply(const Isa&, const Product<double>&, std::byte*, const Execution*);

}  // namespace tenon::cpu::gemm
