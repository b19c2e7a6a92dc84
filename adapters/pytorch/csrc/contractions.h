// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "call.h"

namespace tenon::pytorch {

// out = alpha * a @ b + beta * c, for floats; a [.., M, K], b [.., K, N], c broadcasts or is null.
void gemm(const Tensor& a, const Tensor& b, const Tensor* c, double alpha, double beta,
          const Tensor& out);

}  // namespace tenon::pytorch
