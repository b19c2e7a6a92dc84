// SPDX-License-Identifier: Apache-2.0
//
// Products of whole numbers of 8 bits less their zero points, which fit in 16: A is packed whole,
// B in panels as they are needed, and sums are handed on a row of a panel at a time.
#pragma once

#include <algorithm>

#include "reference_impl/cpu/kernels/integer_block.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

// `batches` products [m, k] @ [k, n]; of A there are so many matrices, which batches take in turn.
struct IntegerProduct {
  int64_t batches = 1, a_matrices = 1, m = 0, n = 0, k = 0;

  static constexpr int64_t kWidth = integer::kPanelWidth;
  static constexpr int64_t kRows = 256;   // Of A that meet one panel of B before the next.
  static constexpr int64_t kStripe = 32;  // Rows that are summed before they are handed on.

  int64_t pairs() const { return (k + 1) / 2; }
  int64_t a_rows() const { return a_matrices * m; }
  int64_t panels() const { return (n + kWidth - 1) / kWidth; }
  int64_t row_blocks() const { return (m + kRows - 1) / kRows; }
  int64_t tasks() const { return batches * panels() * row_blocks(); }
  uint64_t workspace_size() const {
    WorkspaceParts parts;
    parts.take_array<int16_t>(a_rows() * 2 * pairs());
    parts.take_array<int16_t>(scratch_slots(tasks()) * pairs() * 2 * kWidth);
    return parts.used();
  }
};

// Calls
//   pack_a(matrix, row, to)           to[0, k): a row of A
//   pack_b(batch, column, count, to)  to [pairs][kWidth][2]: columns of B, which begins as zeros
//   store(batch, row, column, count, sums)
// each of them from several threads.
template <class PackA, class PackB, class Store>
void run_integer_product(const IntegerProduct& p, std::byte* workspace, const Execution& execution,
                         PackA&& pack_a, PackB&& pack_b, Store&& store) {
  constexpr int64_t kWidth = IntegerProduct::kWidth;
  if (p.batches * p.m * p.n == 0) return;
  static const integer::Multiply multiply = integer::multiply();
  const int64_t depth = 2 * p.pairs();
  WorkspaceParts parts(workspace);
  auto* packed = parts.take_array<int16_t>(p.a_rows() * depth);
  auto* panels = parts.take_array<int16_t>(scratch_slots(p.tasks()) * depth * kWidth);
  execution.parallel_for(p.a_rows(), std::max<int64_t>(1, 16384 / std::max<int64_t>(depth, 1)),
                         [&](int64_t begin, int64_t end) {
                           for (int64_t row = begin; row < end; ++row) {
                             int16_t* to = packed + row * depth;
                             pack_a(row / p.m, row % p.m, to);
                             if (p.k % 2 != 0) to[p.k] = 0;
                           }
                         });
  for_each_task(execution, p.tasks(), [&](int64_t task, int64_t slot) {
    const int64_t panel = task % p.panels(), block = task / p.panels() % p.row_blocks();
    const int64_t batch = task / p.panels() / p.row_blocks();
    const int64_t column = panel * kWidth, count = std::min(kWidth, p.n - column);
    int16_t* b = panels + slot * depth * kWidth;
    std::fill(b, b + depth * kWidth, int16_t{0});
    pack_b(batch, column, count, b);
    const int64_t first = block * IntegerProduct::kRows;
    const int64_t last = std::min(first + IntegerProduct::kRows, p.m);
    for (int64_t row = first; row < last; row += IntegerProduct::kStripe) {
      int32_t sums[IntegerProduct::kStripe * kWidth];
      const int64_t rows = std::min(IntegerProduct::kStripe, last - row);
      const int16_t* a = packed + (batch % p.a_matrices * p.m + row) * depth;
      multiply({rows, p.pairs(), a, depth, b, sums});
      for (int64_t r = 0; r < rows; ++r) store(batch, row + r, column, count, sums + r * kWidth);
    }
  });
}

// A row of A: `k` elements `step` apart.
template <class T>
void pack_line(const T* from, int64_t step, int64_t k, int32_t zero, int16_t* to) {
  if (step == 1) {
    for (int64_t i = 0; i < k; ++i) to[i] = static_cast<int16_t>(from[i] - zero);
  } else {
    for (int64_t i = 0; i < k; ++i) to[i] = static_cast<int16_t>(from[i * step] - zero);
  }
}

// Row `at` of a panel of B: `count` columns `step` apart, each with its zero point.
template <class T>
void pack_panel_row(const T* from, int64_t step, int64_t count, const int32_t* zeros, int64_t at,
                    int16_t* panel) {
  int16_t* to = panel + at / 2 * 2 * IntegerProduct::kWidth + at % 2;
  if (step == 1 && count == IntegerProduct::kWidth) {
    for (int64_t j = 0; j < IntegerProduct::kWidth; ++j)
      to[2 * j] = static_cast<int16_t>(from[j] - zeros[j]);
  } else {
    for (int64_t j = 0; j < count; ++j) to[2 * j] = static_cast<int16_t>(from[j * step] - zeros[j]);
  }
}

// Calls body(Type<T>) for the C++ type of 8-bit whole numbers.
template <class Body>
decltype(auto) visit_bytes(std::string_view op, tn_dtype dtype, Body&& body) {
  return visit_dtype < dtype_bit(TN_INT8) |
         dtype_bit(TN_UINT8) > (op, dtype, std::forward<Body>(body));
}

}  // namespace tenon::cpu
