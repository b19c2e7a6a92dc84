// SPDX-License-Identifier: Apache-2.0
//
// The halves of matrix products: see kernel_of.h. All compute Y = alpha * A @ B + beta * C.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/matmul_plan.h"

namespace tenon::device {

// Plans are of arguments that check() has taken.
struct MatMulOperator : NamedOperator {
  static constexpr size_t kInputs = 2;
  explicit MatMulOperator(const Description& d);
  void check(const Arguments& a) const { check_matmul(name, a); }
  MatmulPlan plan(const Arguments& a) const {
    return plan_matmul(a.inputs[0], a.inputs[1], a.outputs[0]);
  }
};

struct GemmOperator : NamedOperator, attributes::Gemm {
  explicit GemmOperator(const Description& d);
  void check(const Arguments& a) const;
  // Of A and B as they are multiplied; the dims and strides of their views are those before.
  MatmulPlan plan(const Arguments& a) const;
};

// alpha and beta are inputs.
struct ScaledGemmOperator : NamedOperator {
  explicit ScaledGemmOperator(const Description& d);
  void check(const Arguments& a) const;
  MatmulPlan plan(const Arguments& a) const;
  static double alpha(const Arguments& a);
  static double beta(const Arguments& a);
};

}  // namespace tenon::device
