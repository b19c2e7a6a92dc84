// SPDX-License-Identifier: Apache-2.0
//
// The inner loops of every matrix product: a block of C from packed blocks of A and B, compiled
// once for each instruction set (gemm_block.inc) and picked at run time.
//
// Packed A is panels of isa.rows rows, each [k][rows]; a last panel of fewer rows is [k][fewer].
// Packed B is panels of kPanelWidth columns, each [k][kPanelWidth], the last filled up with zeros.
// For float32 that is the form of the device's packed layout (layouts.h), so constants need no
// packing.
#pragma once

#include <cstdint>

namespace tenon::cpu::gemm {

// Columns of a panel: one cache line, one AVX-512 register.
template <class T>
inline constexpr int64_t kPanelWidth = 64 / static_cast<int64_t>(sizeof(T));

// C (m by n) = alpha * A (m by k) * B (k by n), or += with `accumulate`.
template <class T>
struct Block {
  int64_t m, n, k;
  T alpha;
  const T* a;  // The panel of row i (a multiple of isa.rows) is at a + i * k.
  const T* b;  // The panel of column j is at b + j / kPanelWidth * b_panel_stride.
  int64_t b_panel_stride;
  T* c;
  int64_t c_row_stride, c_column_stride;
  bool accumulate;
};

// The block loops of one instruction set.
struct Isa {
  const char* name;
  int64_t rows;  // Of a panel of A, in both types.
  void (*multiply_f32)(const Block<float>&);
  void (*multiply_f64)(const Block<double>&);

  void multiply(const Block<float>& block) const { multiply_f32(block); }
  void multiply(const Block<double>& block) const { multiply_f64(block); }
};

inline constexpr int32_t kMaxIsas = 3;

// The instruction sets of this build that the processor has, the best first. At least one.
int32_t isa_count();
const Isa& isa(int32_t index);
inline const Isa& best_isa() { return isa(0); }

}  // namespace tenon::cpu::gemm
