// SPDX-License-Identifier: Apache-2.0
//
// Elementwise launches: operands brought to one type, scalars on the host passed as values.
#pragma once

#include <initializer_list>

#include "call.h"

namespace tenon::pytorch {

// An operand: a tensor (one on the host without dims is a launch value) or a number.
class TensorOrNumber {
 public:
  TensorOrNumber(const Tensor& tensor) : tensor_(&tensor) {}     // NOLINT: implicit
  TensorOrNumber(const at::Scalar& number) : number_(number) {}  // NOLINT: implicit
  void add_to(OperatorCall& call, ScalarType type, std::vector<Tensor>& casts) const;

 private:
  const Tensor* tensor_ = nullptr;
  at::Scalar number_;
};

// out = op(operands), all operands as `compute`; the operator's own result is of type `result`,
// cast where `out` has another.
void elementwise(const runtime::Operation& op, std::initializer_list<TensorOrNumber> operands,
                 ScalarType compute, const Tensor& out, ScalarType result);
inline void elementwise(const runtime::Operation& op,
                        std::initializer_list<TensorOrNumber> operands, ScalarType compute,
                        const Tensor& out) {
  elementwise(op, operands, compute, out, compute);
}
// The same with a first operand that keeps its own type (a condition).
void elementwise_where(const Tensor& condition, const TensorOrNumber& a, const TensorOrNumber& b,
                       ScalarType compute, const Tensor& out);

// Float types as they are, others the default float type.
ScalarType float_type(ScalarType type);

// The paths that need no promotion, broadcasting or checks: operands of one type, one shape and
// dense. They make `out` where it is undefined, and answer false where the general path must look.
bool fast_unary(const runtime::Operation& op, const Tensor& self, Tensor& out);
bool fast_binary(const runtime::Operation& op, const Tensor& a, const Tensor& b, Tensor& out,
                 bool to_bool = false);

}  // namespace tenon::pytorch
