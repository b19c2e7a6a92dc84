// SPDX-License-Identifier: Apache-2.0
//
// Y = alpha * A @ B + beta * C over batches: what MatMul, Gemm and ScaledGemm have in common.
#pragma once

#include <string_view>

#include "tenon/device/kernel.h"

namespace tenon::device {

// One operand as a batch of matrices: strides in elements, 0 where it broadcasts.
struct BatchedMatrix {
  View view;
  int64_t batch_strides[TN_MAX_RANK] = {};
  int64_t row_stride = 0, column_stride = 0;
  // In a layout token: the batch strides count matrices, and those of rows and columns mean
  // nothing.
  bool packed = false;

  int64_t batch_offset(const int64_t* index, int32_t rank) const {
    int64_t offset = 0;
    for (int32_t d = 0; d < rank; ++d) offset += index[d] * batch_strides[d];
    return offset;
  }
};

struct MatmulPlan {
  int64_t m = 0, n = 0, k = 0;
  int32_t batch_rank = 0;
  int64_t batch_dims[TN_MAX_RANK] = {};
  BatchedMatrix a, b, c, y;  // `c` is absent when its view is.

  int64_t batch_count() const {
    int64_t count = 1;
    for (int32_t d = 0; d < batch_rank; ++d) count *= batch_dims[d];
    return count;
  }
};

// NumPy's matmul of inputs 0 and 1: operands of rank 1 get a dim of 1 that Y, output 0, lacks;
// batch dims broadcast. Throws TN_INVALID_ARGUMENT with the dims when they do not fit together or Y
// has others. Where a host asks for Y's dims, they are said here.
void check_matmul(std::string_view op, const Arguments& arguments);
// Throws TN_INVALID_ARGUMENT unless the addend broadcasts to Y.
void check_addend(std::string_view op, const View& c, const View& y);

// Of arguments that the checks have taken.
MatmulPlan plan_matmul(const View& a, const View& b, const View& y);
void plan_addend(MatmulPlan& plan, const View& c);

// Makes the last batch dims into rows, as many as multiply one B and have strides that allow it:
// one large product instead of many small ones.
void join_rows(MatmulPlan& plan);

}  // namespace tenon::device
