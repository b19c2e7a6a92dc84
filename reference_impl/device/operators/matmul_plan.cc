// SPDX-License-Identifier: Apache-2.0
//
// Which dims of a matrix product are batch, rows and columns, and whether they fit.
#include "tenon/device/operators/matmul_plan.h"

#include <algorithm>

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/contraction_rules.h"

namespace tenon::device {
namespace {

// The stride of dim `d` of the view, 0 where it does not move; in a token, in matrices.
int64_t batch_stride(const View& view, int32_t d) {
  if (view.dims[d] == 1) return 0;
  if (view.layout == TN_LAYOUT_STRIDED) return view.strides[d];
  int64_t stride = 1;
  for (int32_t i = d + 1; i < view.rank - 2; ++i) stride *= view.dims[i];
  return stride;
}

// Places the view's leading dims (all but `inner`) at the end of the batch dims.
void place_batch(const View& view, int32_t inner, const MatmulPlan& plan, BatchedMatrix& matrix) {
  const int32_t own = std::max(view.rank - inner, 0);
  for (int32_t i = 0; i < own; ++i)
    matrix.batch_strides[plan.batch_rank - own + i] = batch_stride(view, i);
}

int64_t stride_of(const View& view, int32_t d) {
  return view.layout == TN_LAYOUT_STRIDED ? view.strides[d] : 0;
}

}  // namespace

void check_matmul(std::string_view op, const Arguments& arguments) {
  check_output(op, "Y", arguments, 0, shapes::matmul(PointCall(op, arguments), 0, 0));
}

void check_addend(std::string_view op, const View& c, const View& y) {
  if (!broadcasts_to(c, y)) {
    throw_invalid(op,
                  "C " + dims_text(c.shape()) + " does not broadcast to Y " + dims_text(y.shape()));
  }
}

MatmulPlan plan_matmul(const View& a, const View& b, const View& y) {
  MatmulPlan plan;
  plan.a.view = a;
  plan.b.view = b;
  plan.y.view = y;
  plan.b.packed = b.layout != TN_LAYOUT_STRIDED;
  const bool row = a.rank > 1, column = b.rank > 1;
  plan.m = row ? a.dims[a.rank - 2] : 1;
  plan.k = a.dims[a.rank - 1];
  plan.n = column ? b.dims[b.rank - 1] : 1;

  const int32_t inner = (row ? 1 : 0) + (column ? 1 : 0);
  plan.batch_rank = y.rank - inner;
  std::copy(y.dims, y.dims + plan.batch_rank, plan.batch_dims);
  place_batch(a, 2, plan, plan.a);
  place_batch(b, 2, plan, plan.b);
  place_batch(y, inner, plan, plan.y);

  plan.a.row_stride = row ? stride_of(a, a.rank - 2) : 0;
  plan.a.column_stride = stride_of(a, a.rank - 1);
  plan.b.row_stride = stride_of(b, column ? b.rank - 2 : 0);
  plan.b.column_stride = column ? stride_of(b, b.rank - 1) : 0;
  // A dim of one has a stride that means nothing; 1 lets columns be written as vectors.
  plan.y.row_stride = row && plan.m > 1 ? y.strides[plan.batch_rank] : 1;
  plan.y.column_stride = column && plan.n > 1 ? y.strides[y.rank - 1] : 1;
  return plan;
}

void plan_addend(MatmulPlan& plan, const View& c) {
  plan.c.view = c;
  place_batch(c, 2, plan, plan.c);
  const auto inner = [&](int32_t d) { return d < 0 || c.dims[d] == 1 ? 0 : c.strides[d]; };
  plan.c.column_stride = inner(c.rank - 1);
  plan.c.row_stride = inner(c.rank - 2);
}

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

}  // namespace tenon::device
