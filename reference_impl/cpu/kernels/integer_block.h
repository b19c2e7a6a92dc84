// SPDX-License-Identifier: Apache-2.0
//
// The inner loop of products of whole numbers of 16 bits, summed in 32: compiled once for each
// instruction set (integer_block.inc) and picked at run time.
#pragma once

#include <cstdint>

namespace tenon::cpu::integer {

// Columns of a panel of B.
inline constexpr int64_t kPanelWidth = 16;

// sums [rows][kPanelWidth] = A [rows][2 * pairs] @ B, a panel [pairs][kPanelWidth][2]: so a pair of
// factors lies side by side in both. Sums wrap.
struct Block {
  int64_t rows, pairs;
  const int16_t* a;
  int64_t a_row_stride;
  const int16_t* b;
  int32_t* sums;
};
using Multiply = void (*)(const Block&);

// That of the best instruction set the processor has.
Multiply multiply();

}  // namespace tenon::cpu::integer
