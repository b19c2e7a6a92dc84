// SPDX-License-Identifier: Apache-2.0
//
// The layout tokens of the reference device, for the kernels that take them.
#pragma once

#include <cstdint>
#include <span>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/layouts.h"

namespace tenon::cpu {

// The right operand of a matrix product, packed: dims [..., K, N], rank 2 or more, of float32,
// float16 or bfloat16. Each [K, N] matrix is kept as ceil(N / 16) panels of 16 columns, each panel
// dense as [K][16]; columns beyond N are zero. Matrices of the leading dims follow each other
// row-major. A kernel that reads panel p walks memory in order, whatever K and N are.
inline constexpr tn_layout kLayoutPackedB = TN_LAYOUT_FIRST_TOKEN;
inline constexpr int64_t kPanelColumns = 16;

// The filters of a convolution of one group, packed as a product's left operand: dims [M, C, ...],
// rank 3 or more, of float32. As a matrix [M, K] of K = C * taps columns: blocks of kFilterDepth of
// K, each with panels of as many rows as the processor's tile has, each panel dense as
// [depth][rows].
inline constexpr tn_layout kLayoutPackedFilters = TN_LAYOUT_FIRST_TOKEN + 1;
inline constexpr int64_t kFilterDepth = 256;

inline constexpr int64_t packed_panels(int64_t columns) {
  return (columns + kPanelColumns - 1) / kPanelColumns;
}

// Elements of one packed [K, N] matrix, zero padding included.
inline constexpr int64_t packed_matrix_elements(int64_t rows, int64_t columns) {
  return packed_panels(columns) * rows * kPanelColumns;
}

const Layouts& layouts();

}  // namespace tenon::cpu
