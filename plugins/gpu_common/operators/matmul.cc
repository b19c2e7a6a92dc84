// SPDX-License-Identifier: Apache-2.0
//
// MatMul, Gemm and tenon.ScaledGemm. Which dims are batch, rows and columns is the reference
// kernels' plan.
#include "tenon/device/operators/matmul_plan.h"

#include <algorithm>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/gemm.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

using device::BatchedMatrix;
using device::MatmulPlan;

constexpr uint64_t kFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);
constexpr uint64_t kNumbers =
    kFloats | kInt32And64 | device::dtype_bit(TN_UINT32) | device::dtype_bit(TN_UINT64);

// Makes batch dims into rows where all of the batch multiplies one B and the strides allow: one
// large product instead of many small ones.
void join_rows(MatmulPlan& p) {
  for (; p.batch_rank > 0; --p.batch_rank) {
    const int32_t d = p.batch_rank - 1;
    const int64_t dim = p.batch_dims[d];
    if (dim == 1) continue;
    if (p.b.batch_strides[d] != 0 || dim == 0 || p.m == 0) return;
    if (p.m == 1) {
      p.a.row_stride = p.a.batch_strides[d];
      p.y.row_stride = p.y.batch_strides[d];
      p.c.row_stride = p.c.batch_strides[d];
    } else {
      const auto joins = [&](const BatchedMatrix& x) {
        return x.batch_strides[d] == p.m * x.row_stride;
      };
      if (!joins(p.a) || !joins(p.y) || (p.c.view.present() && !joins(p.c))) return;
    }
    p.m *= dim;
  }
}

GemmOperand plain_operand(const std::byte* data, int64_t row_stride, int64_t depth_stride) {
  GemmOperand operand;
  operand.data = data;
  operand.plain = {row_stride, depth_stride, 0, 0};
  return operand;
}

GemmProblem problem_of(std::string_view op, MatmulPlan p) {
  if (p.m > 0) join_rows(p);
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

void check_types(const Description& d) {
  for (size_t i = 0; i < 3; ++i) {
    if (i < d.input_count() && d.has_input(i) && d.input_dtype(i) != d.output_dtype(0)) {
      device::throw_invalid(d.name(), "operands and output must have one type");
    }
  }
}

// A product and what is added to it; the subclasses say where they lie.
class Product : public Kernel, public NeedsWorkspace {
 public:
  explicit Product(const Description& d) : name_(d.name()), gemm_(d, d.input_dtype(0)) {
    check_types(d);
  }

  void check(const Arguments& a) const override { problem(a); }
  uint64_t workspace_size(const Arguments& a) const override {
    return gemm_.workspace_size(problem(a));
  }

 protected:
  virtual GemmProblem problem(const Arguments& a) const = 0;

  void multiply(const Arguments& a, bool has_c, double alpha, double beta, Queue& queue) const {
    GemmProblem p = problem(a);
    p.shape.has_c = has_c && beta != 0 ? 1 : 0;
    gemm_.enqueue(p, alpha, beta, a, queue);
  }

  const std::string name_;
  const Gemm gemm_;
};

class MatMul final : public Product {
 public:
  using Product::Product;
  void enqueue(const Arguments& a, Queue& queue) const override { multiply(a, false, 1, 0, queue); }

 private:
  GemmProblem problem(const Arguments& a) const override {
    return problem_of(name_, device::plan_matmul(name_, a.input(0), a.input(1), a));
  }
};

class GemmOperator final : public Product {
 public:
  explicit GemmOperator(const Description& d)
      : Product(d),
        alpha_(d.real("alpha")),
        beta_(d.real("beta")),
        transpose_a_(d.integer("transA") != 0),
        transpose_b_(d.integer("transB") != 0) {
    if (d.input(0).rank != 2 || d.input(1).rank != 2 || d.output(0).rank != 2) {
      device::throw_invalid(name_, "A, B and Y must have rank 2");
    }
  }
  void enqueue(const Arguments& a, Queue& queue) const override {
    multiply(a, a.input(2).present(), alpha_, beta_, queue);
  }

 private:
  GemmProblem problem(const Arguments& a) const override {
    int64_t lists[8];
    const View x = transpose_a_ ? transposed(a.input(0), lists) : a.input(0);
    const View y = transpose_b_ ? transposed(a.input(1), lists + 4) : a.input(1);
    MatmulPlan plan = device::plan_matmul(name_, x, y, a);
    if (a.input(2).present()) device::plan_addend(name_, plan, a.input(2));
    return problem_of(name_, plan);
  }
  static View transposed(View x, int64_t* lists) {
    for (int d = 0; d < 2; ++d) {
      lists[d] = x.dims[1 - d];
      lists[2 + d] = x.strides[1 - d];
    }
    x.dims = lists;
    x.strides = lists + 2;
    return x;
  }

  const float alpha_, beta_;
  const bool transpose_a_, transpose_b_;
};

class ScaledGemm final : public Product {
 public:
  explicit ScaledGemm(const Description& d) : Product(d) {
    if (d.input(0).rank < 2 || d.input(1).rank < 2) {
      device::throw_invalid(name_, "A and B must be matrices");
    }
  }
  void check(const Arguments& a) const override {
    problem(a);
    for (const size_t i : {size_t{3}, size_t{4}}) {
      if (a.input(i).present() && a.input(i).count() != 1) {
        device::throw_dims(name_, i == 3 ? "alpha" : "beta", a.input(i).shape(), {});
      }
    }
  }
  void enqueue(const Arguments& a, Queue& queue) const override {
    const double alpha = a.input(3).present() ? device::real_at(a.input(3)) : 1;
    const double beta = a.input(4).present() ? device::real_at(a.input(4)) : 1;
    multiply(a, a.input(2).present(), alpha, beta, queue);
  }

 private:
  GemmProblem problem(const Arguments& a) const override {
    MatmulPlan plan = device::plan_matmul(name_, a.input(0), a.input(1), a);
    if (a.input(2).present()) device::plan_addend(name_, plan, a.input(2));
    return problem_of(name_, plan);
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
      {op::kGemm, kFloats, create<GemmOperator>},
      {op::kTenonScaledGemm, kFloats, create<ScaledGemm>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
