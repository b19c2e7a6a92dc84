// SPDX-License-Identifier: Apache-2.0
//
// The halves of matrix products: see kernel_of.h. All compute Y = alpha * A @ B + beta * C.
#pragma once

#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/matmul_plan.h"

namespace tenon::device {

struct MatMulOperator : NamedOperator {
  explicit MatMulOperator(const Description& d);
  void check(const Arguments& a) const { plan(a); }
  MatmulPlan plan(const Arguments& a) const;
};

struct GemmOperator : NamedOperator {
  explicit GemmOperator(const Description& d);
  void check(const Arguments& a) const { plan(a); }
  // Of A and B as they are multiplied; the dims and strides of their views are those before.
  MatmulPlan plan(const Arguments& a) const;
  float alpha, beta;
  bool transpose_a, transpose_b;
};

// alpha and beta are inputs.
struct ScaledGemmOperator : NamedOperator {
  explicit ScaledGemmOperator(const Description& d);
  void check(const Arguments& a) const {
    plan(a);
    check_factors(a);
  }
  void check_factors(const Arguments& a) const;
  MatmulPlan plan(const Arguments& a) const;
  static double alpha(const Arguments& a);
  static double beta(const Arguments& a);
};

}  // namespace tenon::device
