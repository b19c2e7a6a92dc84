// SPDX-License-Identifier: Apache-2.0
//
// Einsum by other operators: views for what only orders or repeats dims, MatMul where two operands
// share a summed label, Mul where they do not, ReduceSum for what one of them has alone.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

// What is asked of the device, on views of any strides; results are dense.
class EinsumCalls {
 public:
  virtual ~EinsumCalls() = default;
  // Broadcasts to `dims`.
  virtual Tensor multiply(const Tensor& a, const Tensor& b, std::vector<int64_t> dims) = 0;
  // [..., M, K] x [..., K, N]; dims in front broadcast.
  virtual Tensor matmul(const Tensor& a, const Tensor& b, std::vector<int64_t> dims) = 0;
  // Without the axes.
  virtual Tensor sum(const Tensor& x, std::vector<int64_t> axes, std::vector<int64_t> dims) = 0;
  virtual Tensor dense(const Tensor& x) = 0;
};

// Throws Error (TN_INVALID_ARGUMENT) for an equation that does not fit the inputs.
Tensor einsum(std::string_view equation, std::span<const Tensor> inputs, EinsumCalls& calls);

}  // namespace tenon::runtime::onnx_import
