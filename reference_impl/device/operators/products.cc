// SPDX-License-Identifier: Apache-2.0
//
// The halves of matrix products.
#include "tenon/device/operators/products.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/contraction_rules.h"

namespace tenon::device {
namespace {

void require_type_of_output(const Description& d, size_t tensors) {
  d.input(0), d.input(1);  // They throw if it is missing.
  for (size_t i = 0; i < tensors; ++i)
    if (d.has_input(i) && d.input_dtype(i) != d.output_dtype(0))
      throw_invalid(d.name(), "operands and output must have one type");
}

// A matrix as it is multiplied.
struct Transposed {
  Transposed(const View& x, bool transposes) : view(x) {
    if (!transposes) return;
    for (int d = 0; d < 2; ++d) {
      dims[d] = x.dims[1 - d];
      if (x.strides != nullptr) strides[d] = x.strides[1 - d];
    }
    view.dims = dims;
    if (x.strides != nullptr) view.strides = strides;
  }
  Transposed(const Transposed&) = delete;
  View view;
  int64_t dims[2], strides[2];
};

double scale(const View& view) { return view.present() ? real_at(view) : 1; }

}  // namespace

MatMulOperator::MatMulOperator(const Description& d) : NamedOperator(d) {
  require_type_of_output(d, 2);
}

GemmOperator::GemmOperator(const Description& d) : NamedOperator(d), attributes::Gemm(d) {
  require_type_of_output(d, 3);
  if (d.input(0).rank != 2 || d.input(1).rank != 2 || d.output(0).rank != 2)
    throw_invalid(name, "A, B and Y must have rank 2");
}

void GemmOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::gemm(PointCall(name, a), *this, 0));
  if (a.input(2).present()) check_addend(name, a.input(2), a.output(0));
}

MatmulPlan GemmOperator::plan(const Arguments& a) const {
  const Transposed x(a.input(0), transA), y(a.input(1), transB);
  MatmulPlan p = plan_matmul(x.view, y.view, a.output(0));
  if (a.input(2).present()) plan_addend(p, a.input(2));
  p.a.view = a.input(0);
  p.b.view = a.input(1);
  return p;
}

ScaledGemmOperator::ScaledGemmOperator(const Description& d) : NamedOperator(d) {
  require_type_of_output(d, 3);
  if (d.input(0).rank < 2 || d.input(1).rank < 2) throw_invalid(name, "A and B must be matrices");
}

void ScaledGemmOperator::check(const Arguments& a) const {
  check_matmul(name, a);
  if (a.input(2).present()) check_addend(name, a.input(2), a.output(0));
  for (const size_t i : {size_t{3}, size_t{4}})
    if (a.input(i).present() && a.input(i).count() != 1)
      throw_dims(name, i == 3 ? "alpha" : "beta", a.input(i).shape(), {});
}

MatmulPlan ScaledGemmOperator::plan(const Arguments& a) const {
  MatmulPlan p = plan_matmul(a.input(0), a.input(1), a.output(0));
  if (a.input(2).present()) plan_addend(p, a.input(2));
  return p;
}

double ScaledGemmOperator::alpha(const Arguments& a) { return scale(a.input(3)); }
double ScaledGemmOperator::beta(const Arguments& a) { return scale(a.input(4)); }

}  // namespace tenon::device
