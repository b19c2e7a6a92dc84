// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of any strides: packs blocks of A and B into the workspace, converting half
// precision to float on the way, and multiplies them with gemm_block.h. The sums' order depends on
// the dims and the instruction set alone, never on the number of threads.
#pragma once

#include "reference_impl/cpu/kernels/gemm_block.h"
#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu::gemm {

// A matrix in memory: float32, float16 or bfloat16 for T float, float64 for T double.
struct MatrixOperand {
  const std::byte* data = nullptr;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int64_t row_stride = 0, column_stride = 0;
};

// C (m by n) = alpha * A * B, or += with `accumulate`. B is `b`, or packed already over all of k
// (panels of kPanelWidth columns, [k][kPanelWidth] each).
template <class T>
struct Product {
  int64_t m = 0, n = 0, k = 0;
  T alpha = 1;
  MatrixOperand a, b;
  const T* packed_b = nullptr;
  T* c = nullptr;
  int64_t c_row_stride = 0, c_column_stride = 1;
  bool accumulate = false;
  // Null: none. C's first element is that of row `row` of what the epilogue counts.
  const Epilogue<T>* epilogue = nullptr;
  int64_t row = 0;
};

// Bytes that multiply() needs for such dims, whatever the strides; a multiple of 64.
template <class T>
uint64_t scratch_size(const Isa& isa, int64_t m, int64_t n, int64_t k, bool b_packed);

// Computes on all threads, or on this one alone when `execution` is null.
template <class T>
void multiply(const Isa& isa, const Product<T>& product, std::byte* scratch,
              const Execution* execution);

// Packs lanes x depth elements as [depth][width]; lanes beyond are filled up with zeros.
template <class T>
void pack_panel(T* to, int64_t width, int64_t lanes, int64_t depth, const std::byte* from,
                tn_dtype dtype, int64_t lane_stride, int64_t depth_stride);

}  // namespace tenon::cpu::gemm
