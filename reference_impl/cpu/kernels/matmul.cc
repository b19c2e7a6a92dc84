// SPDX-License-Identifier: Apache-2.0
//
// The kernels MatMul, tenon.FusedMatMul, Gemm and tenon.ScaledGemm.
#include "reference_impl/cpu/kernels/contraction.h"
#include "reference_impl/cpu/kernels/matmul_run.h"
#include "reference_impl/cpu/kernels/with_steps.h"
#include "reference_impl/cpu/layouts.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {
namespace {

// A float32 B is taken packed, if the host leaves it to us: panels are read from front to back, and
// every kernel with these weights shares one constant.
tn_layout layout_of_b(size_t input, tn_layout described, tn_dtype dtype, int32_t rank) {
  const bool packs = input == 1 && dtype == TN_FLOAT32 && rank >= 2;
  const bool asked = described == TN_LAYOUT_ANY || described == kLayoutPackedB;
  return packs && asked ? kLayoutPackedB : TN_LAYOUT_STRIDED;
}

// Of MatMul, and of FusedMatMul without its steps.
template <class Operator>
class MatMul : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  explicit MatMul(const Description& d)
      : KernelOf<Operator>(d), dtype_(d.input_dtype(0)), rank_of_b_(d.input(1).rank) {}

  uint64_t workspace_size(const Arguments& a) const override {
    return is_float() ? matmul_workspace_size(operator_.plan(a)) : 0;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    run_with(a, execution, nullptr);
  }

  tn_layout input_layout(size_t i, tn_layout described) const override {
    return layout_of_b(i, described, dtype_, rank_of_b_);
  }

 protected:
  using KernelOf<Operator>::operator_;

  // With steps in the store; returns how many.
  size_t run_with(const Arguments& a, const Execution& execution, const StepKernels* steps) const {
    const MatmulPlan plan = operator_.plan(a);
    if (!is_float()) {
      run_integer_matmul(plan, execution);
      return 0;
    }
    gemm::Epilogue<float> epilogue;
    size_t done = 0;
    if (steps != nullptr && a.outputs[0].dtype == TN_FLOAT32 && plan.k > 0) {
      const int32_t rank = a.outputs[0].rank;
      const int32_t columns = rank == 0 || a.inputs[1].rank == 1 ? rank : rank - 1;
      done = steps->add_to(epilogue, a, {a.outputs[0], 0, columns});
    }
    run_matmul(plan, 1, 0, a.workspace, execution, done != 0 ? &epilogue : nullptr);
    return done;
  }

 private:
  bool is_float() const { return (dtype_bit(dtype_) & kFloatTypes) != 0; }

  tn_dtype dtype_;
  int32_t rank_of_b_;
};

class Gemm final : public KernelOf<GemmOperator>, public NeedsWorkspace {
 public:
  explicit Gemm(const Description& d) : KernelOf(d), dtype_(d.input_dtype(0)) {}

  uint64_t workspace_size(const Arguments& a) const override {
    return matmul_workspace_size(operator_.plan(a));
  }
  void run(const Arguments& a, const Execution& execution) const override {
    run_matmul(operator_.plan(a), operator_.alpha, operator_.beta, a.workspace, execution);
  }
  tn_layout input_layout(size_t i, tn_layout described) const override {
    return layout_of_b(i, described, operator_.transB ? TN_DTYPE_UNDEFINED : dtype_, 2);
  }

 private:
  tn_dtype dtype_;
};

class ScaledGemm final : public KernelOf<ScaledGemmOperator>, public NeedsWorkspace {
 public:
  explicit ScaledGemm(const Description& d)
      : KernelOf(d), dtype_(d.input_dtype(0)), rank_of_b_(d.input(1).rank) {}

  uint64_t workspace_size(const Arguments& a) const override {
    return matmul_workspace_size(operator_.plan(a));
  }
  void run(const Arguments& a, const Execution& execution) const override {
    run_matmul(operator_.plan(a), operator_.alpha(a), operator_.beta(a), a.workspace, execution);
  }
  tn_layout input_layout(size_t i, tn_layout described) const override {
    return layout_of_b(i, described, dtype_, rank_of_b_);
  }

 private:
  tn_dtype dtype_;
  int32_t rank_of_b_;
};

}  // namespace

std::unique_ptr<Kernel> create_matmul(const Description& d) {
  return std::make_unique<MatMul<MatMulOperator>>(d);
}
std::unique_ptr<Kernel> create_fused_matmul(const Description& d) {
  return std::make_unique<WithSteps<MatMul<FusedMatMulOperator>>>(d);
}
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
