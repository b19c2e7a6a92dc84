// SPDX-License-Identifier: Apache-2.0
//
// The halves of matrix products.
#include "tenon/device/operators/products.h"

#include "tenon/device/operators/shape.h"

namespace tenon::device {
namespace {

void require_one_type(const Description& d, size_t tensors) {
  for (size_t i = 0; i < tensors; ++i)
    if (d.has_input(i) && d.input_dtype(i) != d.output_dtype(0))
      throw_invalid(d.name(), "operands and output must have one type");
}

View transposed(View x, int64_t* dims, int64_t* strides) {
  for (int d = 0; d < 2; ++d) {
    dims[d] = x.dims[1 - d];
    strides[d] = x.strides[1 - d];
  }
  x.dims = dims;
  x.strides = strides;
  return x;
}

double scale(const View& view) { return view.present() ? real_at(view) : 1; }

}  // namespace

MatMulOperator::MatMulOperator(const Description& d) : NamedOperator(d) { require_one_type(d, 2); }

MatmulPlan MatMulOperator::plan(const Arguments& a) const {
  return plan_matmul(name, a.input(0), a.input(1), a);
}

GemmOperator::GemmOperator(const Description& d)
    : NamedOperator(d),
      alpha(d.real("alpha")),
      beta(d.real("beta")),
      transpose_a(d.integer("transA") != 0),
      transpose_b(d.integer("transB") != 0) {
  require_one_type(d, 3);
  if (d.input(0).rank != 2 || d.input(1).rank != 2 || d.output(0).rank != 2)
    throw_invalid(name, "A, B and Y must have rank 2");
}

MatmulPlan GemmOperator::plan(const Arguments& a) const {
  int64_t dims[4], strides[4];
  const View x = transpose_a ? transposed(a.input(0), dims, strides) : a.input(0);
  const View y = transpose_b ? transposed(a.input(1), dims + 2, strides + 2) : a.input(1);
  MatmulPlan p = plan_matmul(name, x, y, a);
  if (a.input(2).present()) plan_addend(name, p, a.input(2));
  p.a.view = a.input(0);
  p.b.view = a.input(1);
  return p;
}

ScaledGemmOperator::ScaledGemmOperator(const Description& d) : NamedOperator(d) {
  require_one_type(d, 3);
  if (d.input(0).rank < 2 || d.input(1).rank < 2) throw_invalid(name, "A and B must be matrices");
}

void ScaledGemmOperator::check_factors(const Arguments& a) const {
  for (const size_t i : {size_t{3}, size_t{4}})
    if (a.input(i).present() && a.input(i).count() != 1)
      throw_dims(name, i == 3 ? "alpha" : "beta", a.input(i).shape(), {});
}

MatmulPlan ScaledGemmOperator::plan(const Arguments& a) const {
  MatmulPlan p = plan_matmul(name, a.input(0), a.input(1), a);
  if (a.input(2).present()) plan_addend(name, p, a.input(2));
  return p;
}

double ScaledGemmOperator::alpha(const Arguments& a) { return scale(a.input(3)); }
double ScaledGemmOperator::beta(const Arguments& a) { return scale(a.input(4)); }

}  // namespace tenon::device
