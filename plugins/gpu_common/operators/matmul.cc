// SPDX-License-Identifier: Apache-2.0
//
// MatMul, Gemm and tenon.ScaledGemm. Which dims are batch, rows and columns is the plan that all
// devices share.
#include <algorithm>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/gemm.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/products.h"

namespace tenon::gpu {
namespace {

using device::MatmulPlan;

constexpr uint64_t kFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);
constexpr uint64_t kNumbers =
    kFloats | kInt32And64 | device::dtype_bit(TN_UINT32) | device::dtype_bit(TN_UINT64);

GemmOperand plain_operand(const std::byte* data, int64_t row_stride, int64_t depth_stride) {
  GemmOperand operand;
  operand.data = data;
  operand.plain = {row_stride, depth_stride, 0, 0};
  return operand;
}

GemmProblem problem_of(std::string_view op, MatmulPlan p) {
  device::join_rows(p);
  if (std::max({p.m, p.n, p.k, p.batch_count()}) > int64_t{INT32_MAX}) {
    throw KernelError(TN_UNSUPPORTED,
                      std::string(op) + ": more than 2^31 rows, columns or matrices");
  }
  GemmProblem problem;
  problem.a = plain_operand(p.a.view.data, p.a.row_stride, p.a.column_stride);
  problem.b = plain_operand(p.b.view.data, p.b.column_stride, p.b.row_stride);
  problem.y = p.y.view.data;
  problem.c = p.c.view.data;
  ProductShape& s = problem.shape;
  s.m = static_cast<int32_t>(p.m);
  s.n = static_cast<int32_t>(p.n);
  s.k = static_cast<int32_t>(p.k);
  s.y_row = p.y.row_stride;
  s.y_column = p.y.column_stride;
  s.c_row = p.c.row_stride;
  s.c_column = p.c.column_stride;
  for (int32_t d = 0; d < p.batch_rank; ++d) {
    problem.add_batch_dim(p.batch_dims[d], {p.a.batch_strides[d], p.b.batch_strides[d],
                                            p.y.batch_strides[d], p.c.batch_strides[d]});
  }
  return problem;
}

// A product and, with factors, what is added to it.
template <class Operator>
class Product : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  explicit Product(const Description& d) : KernelOf<Operator>(d), gemm_(d, d.input_dtype(0)) {}

  // The device's limits come with the plan.
  void check(const Arguments& a) const override {
    operator_.check(a);
    if (a.asked == nullptr) problem(a);
  }
  uint64_t workspace_size(const Arguments& a) const override {
    return gemm_.workspace_size(problem(a));
  }

 protected:
  void multiply(const Arguments& a, bool has_c, double alpha, double beta, Queue& queue) const {
    GemmProblem p = problem(a);
    p.shape.has_c = has_c && beta != 0 ? 1 : 0;
    gemm_.enqueue(p, alpha, beta, a, queue);
  }

  using KernelOf<Operator>::operator_;

 private:
  GemmProblem problem(const Arguments& a) const {
    return problem_of(operator_.name, operator_.plan(a));
  }

  const Gemm gemm_;
};

class MatMul final : public Product<device::MatMulOperator> {
 public:
  using Product::Product;
  void enqueue(const Arguments& a, Queue& queue) const override { multiply(a, false, 1, 0, queue); }
};

class GemmProduct final : public Product<device::GemmOperator> {
 public:
  using Product::Product;
  void enqueue(const Arguments& a, Queue& queue) const override {
    multiply(a, a.input(2).present(), operator_.alpha, operator_.beta, queue);
  }
};

class ScaledGemm final : public Product<device::ScaledGemmOperator> {
 public:
  using Product::Product;
  void enqueue(const Arguments& a, Queue& queue) const override {
    multiply(a, a.input(2).present(), operator_.alpha(a), operator_.beta(a), queue);
  }
};

template <class T>
std::unique_ptr<device::Kernel> create(const Description& d) {
  return std::make_unique<T>(d);
}

}  // namespace

Rows matmul_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kMatMul, kNumbers, create<MatMul>},
      {op::kGemm, kFloats, create<GemmProduct>},
      {op::kTenonScaledGemm, kFloats, create<ScaledGemm>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
