// SPDX-License-Identifier: Apache-2.0
//
// A product of matrices, for backends with a library that may know it better than kernels/gemm.cl.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/tenon.h"

namespace tenon::gpu {

// Strides are in elements; those of inputs may be 0.
struct Matrices {
  std::byte* data = nullptr;
  int64_t row_stride = 0, column_stride = 0;
  int64_t batch_stride = 0;
};

// Y = alpha A B + beta C: A has m rows, B has n columns, k lies between. All dims are positive.
struct Product {
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int64_t m = 0, n = 0, k = 0, batch = 1;
  double alpha = 1, beta = 0;
  Matrices a, b, y;
  Matrices c;  // Without data: nothing is added. Disjoint from Y, or Y itself.
};

}  // namespace tenon::gpu
