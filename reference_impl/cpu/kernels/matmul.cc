// SPDX-License-Identifier: Apache-2.0
//
// The kernels MatMul, Gemm and tenon.ScaledGemm.
#include "reference_impl/cpu/kernels/contraction.h"
#include "reference_impl/cpu/kernels/matmul_run.h"
#include "reference_impl/cpu/layouts.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// A float32 B is taken packed, if the host leaves it to us: panels are read from front to back, and
// every kernel with these weights shares one constant.
tn_layout layout_of_b(size_t input, tn_layout described, tn_dtype dtype, int32_t rank) {
  const bool packs = input == 1 && dtype == TN_FLOAT32 && rank >= 2;
  const bool asked = described == TN_LAYOUT_ANY || described == kLayoutPackedB;
  return packs && asked ? kLayoutPackedB : TN_LAYOUT_STRIDED;
}

void check_types(const Description& d, size_t tensors) {
  for (size_t i = 0; i < tensors; ++i) {
    if (d.has_input(i) && d.input_dtype(i) != d.output_dtype(0)) {
      throw_invalid(d.name(), "operands and output must have one type");
    }
  }
}

class MatMul final : public Kernel, public NeedsWorkspace {
 public:
  explicit MatMul(const Description& d) : dtype_(d.input_dtype(0)), rank_of_b_(d.input(1).rank) {
    check_types(d, 2);
  }

  void check(const Arguments& a) const override { plan(a); }

  uint64_t workspace_size(const Arguments& a) const override {
    return is_float() ? matmul_workspace_size(plan(a)) : 0;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    if (is_float()) {
      run_matmul(plan(a), 1, 0, a.workspace, execution);
    } else {
      run_integer_matmul(plan(a), execution);
    }
  }

  tn_layout input_layout(size_t i, tn_layout described) const override {
    return layout_of_b(i, described, dtype_, rank_of_b_);
  }

 private:
  bool is_float() const { return (dtype_bit(dtype_) & kFloatTypes) != 0; }
  static MatmulPlan plan(const Arguments& a) {
    return plan_matmul("MatMul", a.input(0), a.input(1), a);
  }

  tn_dtype dtype_;
  int32_t rank_of_b_;
};

class Gemm final : public Kernel, public NeedsWorkspace {
 public:
  explicit Gemm(const Description& d)
      : dtype_(d.input_dtype(0)),
        alpha_(d.real("alpha")),
        beta_(d.real("beta")),
        transpose_a_(d.integer("transA") != 0),
        transpose_b_(d.integer("transB") != 0) {
    check_types(d, 3);
    if (d.input(0).rank != 2 || d.input(1).rank != 2 || d.output(0).rank != 2) {
      throw_invalid("Gemm", "A, B and Y must have rank 2");
    }
  }

  void check(const Arguments& a) const override { plan(a); }
  uint64_t workspace_size(const Arguments& a) const override {
    return matmul_workspace_size(plan(a).matmul);
  }
  void run(const Arguments& a, const Execution& execution) const override {
    run_matmul(plan(a).matmul, alpha_, beta_, a.workspace, execution);
  }
  tn_layout input_layout(size_t i, tn_layout described) const override {
    return layout_of_b(i, described, transpose_b_ ? TN_DTYPE_UNDEFINED : dtype_, 2);
  }

 private:
  // A plan and the dims that its views point to.
  struct Plan {
    int64_t dims[4], strides[4];
    MatmulPlan matmul;
  };
  static View transposed(View x, int64_t* dims, int64_t* strides) {
    for (int d = 0; d < 2; ++d) {
      dims[d] = x.dims[1 - d];
      strides[d] = x.strides[1 - d];
    }
    x.dims = dims;
    x.strides = strides;
    return x;
  }
  // The plan's views of A and B are read for data, type and batch dims only once it is made, and
  // matrices have none: so it may outlive the dims here.
  Plan plan(const Arguments& a) const {
    Plan p;
    const View x = transpose_a_ ? transposed(a.input(0), p.dims, p.strides) : a.input(0);
    const View y = transpose_b_ ? transposed(a.input(1), p.dims + 2, p.strides + 2) : a.input(1);
    p.matmul = plan_matmul("Gemm", x, y, a);
    if (a.input(2).present()) plan_addend("Gemm", p.matmul, a.input(2));
    return p;
  }

  tn_dtype dtype_;
  float alpha_, beta_;
  bool transpose_a_, transpose_b_;
};

class ScaledGemm final : public Kernel, public NeedsWorkspace {
 public:
  explicit ScaledGemm(const Description& d)
      : dtype_(d.input_dtype(0)), rank_of_b_(d.input(1).rank) {
    check_types(d, 3);
    if (d.input(0).rank < 2 || d.input(1).rank < 2) {
      throw_invalid("ScaledGemm", "A and B must be matrices");
    }
  }

  void check(const Arguments& a) const override {
    plan(a);
    for (const size_t i : {size_t{3}, size_t{4}}) {
      if (a.input(i).present() && a.input(i).count() != 1) {
        throw_dims("ScaledGemm", i == 3 ? "alpha" : "beta", a.input(i).shape(), {});
      }
    }
  }
  uint64_t workspace_size(const Arguments& a) const override {
    return matmul_workspace_size(plan(a));
  }
  void run(const Arguments& a, const Execution& execution) const override {
    const double alpha = a.input(3).present() ? real_at(a.input(3)) : 1;
    const double beta = a.input(4).present() ? real_at(a.input(4)) : 1;
    run_matmul(plan(a), alpha, beta, a.workspace, execution);
  }
  tn_layout input_layout(size_t i, tn_layout described) const override {
    return layout_of_b(i, described, dtype_, rank_of_b_);
  }

 private:
  static MatmulPlan plan(const Arguments& a) {
    MatmulPlan p = plan_matmul("ScaledGemm", a.input(0), a.input(1), a);
    if (a.input(2).present()) plan_addend("ScaledGemm", p, a.input(2));
    return p;
  }

  tn_dtype dtype_;
  int32_t rank_of_b_;
};

}  // namespace

std::unique_ptr<Kernel> create_matmul(const Description& d) { return std::make_unique<MatMul>(d); }
std::unique_ptr<Kernel> create_gemm(const Description& d) {
  if ((dtype_bit(d.input_dtype(0)) & kFloatTypes) == 0) {
    throw KernelError(TN_UNSUPPORTED, "Gemm of integers");
  }
  return std::make_unique<Gemm>(d);
}
std::unique_ptr<Kernel> create_scaled_gemm(const Description& d) {
  return std::make_unique<ScaledGemm>(d);
}

}  // namespace tenon::cpu
