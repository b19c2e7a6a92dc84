// SPDX-License-Identifier: Apache-2.0
//
// How the dims of an output are the batch, rows and columns of a product, and what an operand that
// broadcasts to the output is in these terms.
#pragma once

#include <optional>

#include "reference_impl/cpu/kernels/gemm_block.h"
#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

struct OutputForm {
  View output;
  int32_t first_row_dim = 0;     // Dims before it are the batch, those from it on rows.
  int32_t first_column_dim = 0;  // Dims from it on are columns.

  // Nothing where a stride does not lead through all of the rows, or of the columns.
  std::optional<gemm::Operand<float>> operand(const View& view) const;
};

// The epilogue on `count` neighbours in a row of the output: for kernels that are no product.
void finish_line(const gemm::Epilogue<float>& epilogue, float* line, int64_t batch, int64_t row,
                 int64_t column, int64_t count);

}  // namespace tenon::cpu
