// SPDX-License-Identifier: Apache-2.0
//
// The layout tokens of the reference device, for reorder, constants and the kernels that take them.
#pragma once

#include <cstdint>
#include <span>

#include "reference_impl/cpu/kernel.h"

namespace tenon::cpu {

// The right operand of a matrix product, packed: dims [..., K, N], rank 2 or more, of float32,
// float16 or bfloat16. Each [K, N] matrix is kept as ceil(N / 16) panels of 16 columns, each panel
// dense as [K][16]; columns beyond N are zero. Matrices of the leading dims follow each other
// row-major. A kernel that reads panel p walks memory in order, whatever K and N are.
inline constexpr tn_layout kLayoutPackedB = TN_LAYOUT_FIRST_TOKEN;
inline constexpr int64_t kPanelColumns = 16;

inline constexpr int64_t packed_panels(int64_t columns) {
  return (columns + kPanelColumns - 1) / kPanelColumns;
}

// Elements of one packed [K, N] matrix, zero padding included.
inline constexpr int64_t packed_matrix_elements(int64_t rows, int64_t columns) {
  return packed_panels(columns) * rows * kPanelColumns;
}

// Whether `layout` is a token of this device.
bool is_token(tn_layout layout);

// Bytes of a tensor in any layout. Throws KernelError: TN_INVALID_ARGUMENT for an unknown token or
// one that does not fit dtype and dims, TN_OUT_OF_RANGE beyond 2^63 bytes.
uint64_t layout_bytes(tn_layout layout, tn_dtype dtype, std::span<const int64_t> dims);

// Copies between two layouts. Both views have equal dims and dtype, do not overlap, and have passed
// layout_bytes().
void reorder(const View& dst, const View& src, const Execution& execution);

}  // namespace tenon::cpu
