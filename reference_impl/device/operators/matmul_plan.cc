// SPDX-License-Identifier: Apache-2.0
//
// Which dims of a matrix product are batch, rows and columns, and whether they fit.
#include "tenon/device/operators/matmul_plan.h"

#include <algorithm>

#include "tenon/device/operators/shape.h"

namespace tenon::device {
namespace {

[[noreturn]] void throw_mismatch(std::string_view op, const char* what, const View& a,
                                 const View& b, const View& y) {
  throw_invalid(op, std::string(what) + ": A " + dims_text(a.shape()) + ", B " +
                        dims_text(b.shape()) + (y.present() ? ", Y " + dims_text(y.shape()) : ""));
}

// The stride of dim `d` of the view, 0 where it does not move; in a token, in matrices.
int64_t batch_stride(const View& view, int32_t d) {
  if (view.dims[d] == 1) return 0;
  if (view.layout == TN_LAYOUT_STRIDED) return view.strides[d];
  int64_t stride = 1;
  for (int32_t i = d + 1; i < view.rank - 2; ++i) stride *= view.dims[i];
  return stride;
}

// Places the view's leading dims (all but `inner`) at the end of the batch dims.
bool place_batch(const View& view, int32_t inner, const MatmulPlan& plan, BatchedMatrix& matrix) {
  const int32_t own = std::max(view.rank - inner, 0);
  if (own > plan.batch_rank) return false;
  for (int32_t i = 0; i < own; ++i) {
    const int32_t d = plan.batch_rank - own + i;
    if (view.dims[i] != 1 && view.dims[i] != plan.batch_dims[d]) return false;
    matrix.batch_strides[d] = batch_stride(view, i);
  }
  return true;
}

int64_t stride_of(const View& view, int32_t d) {
  return view.layout == TN_LAYOUT_STRIDED ? view.strides[d] : 0;
}

// Y's dims, in `dims`.
std::span<const int64_t> product_dims(const MatmulPlan& plan, bool row, bool column,
                                      int64_t* dims) {
  size_t rank = 0;
  for (int32_t d = 0; d < plan.batch_rank; ++d) dims[rank++] = plan.batch_dims[d];
  if (row) dims[rank++] = plan.m;
  if (column) dims[rank++] = plan.n;
  return {dims, rank};
}

}  // namespace

MatmulPlan plan_matmul(std::string_view op, const View& a, const View& b,
                       const Arguments& arguments) {
  const View& y = arguments.outputs[0];
  const View& shown = arguments.asked != nullptr ? kAbsentView : y;  // In messages.
  if (a.rank == 0 || b.rank == 0) throw_mismatch(op, "operands must not be scalars", a, b, shown);
  MatmulPlan plan;
  plan.a.view = a;
  plan.b.view = b;
  plan.y.view = y;
  plan.b.packed = b.layout != TN_LAYOUT_STRIDED;
  const bool row = a.rank > 1, column = b.rank > 1;
  plan.m = row ? a.dims[a.rank - 2] : 1;
  plan.k = a.dims[a.rank - 1];
  plan.n = column ? b.dims[b.rank - 1] : 1;
  if (b.dims[column ? b.rank - 2 : 0] != plan.k)
    throw_mismatch(op, "inner dims differ", a, b, shown);

  plan.batch_rank = std::max({a.rank - 2, b.rank - 2, 0});
  for (int32_t d = 0; d < plan.batch_rank; ++d) {
    const int32_t in_a = d - (plan.batch_rank - (a.rank - 2));
    const int32_t in_b = d - (plan.batch_rank - (b.rank - 2));
    const int64_t x = in_a >= 0 ? a.dims[in_a] : 1;
    plan.batch_dims[d] = x == 1 && in_b >= 0 ? b.dims[in_b] : x;
  }
  const int32_t inner = (row ? 1 : 0) + (column ? 1 : 0);
  int64_t dims[TN_MAX_RANK];
  const std::span<const int64_t> expected = product_dims(plan, row, column, dims);
  bool fits = place_batch(a, 2, plan, plan.a) && place_batch(b, 2, plan, plan.b);
  if (fits && arguments.asked != nullptr) say_output(op, "Y", arguments, 0, expected);
  fits = fits && has_dims(y, expected) && place_batch(y, inner, plan, plan.y);
  if (!fits) throw_mismatch(op, "dims do not fit", a, b, shown);

  plan.a.row_stride = row ? stride_of(a, a.rank - 2) : 0;
  plan.a.column_stride = stride_of(a, a.rank - 1);
  plan.b.row_stride = stride_of(b, column ? b.rank - 2 : 0);
  plan.b.column_stride = column ? stride_of(b, b.rank - 1) : 0;
  // A dim of one has a stride that means nothing; 1 lets columns be written as vectors.
  plan.y.row_stride = row && plan.m > 1 ? y.strides[plan.batch_rank] : 1;
  plan.y.column_stride = column && plan.n > 1 ? y.strides[y.rank - 1] : 1;
  return plan;
}

void plan_addend(std::string_view op, MatmulPlan& plan, const View& c) {
  plan.c.view = c;
  bool fits = place_batch(c, 2, plan, plan.c);
  const auto inner = [&](int32_t d, int64_t dim) {
    if (d < 0 || c.dims[d] == 1) return int64_t{0};
    fits = fits && c.dims[d] == dim;
    return c.strides[d];
  };
  plan.c.column_stride = inner(c.rank - 1, plan.n);
  plan.c.row_stride = inner(c.rank - 2, plan.m);
  if (!fits) {
    throw_invalid(op, "C " + dims_text(c.shape()) + " does not broadcast to Y " +
                          dims_text(plan.y.view.shape()));
  }
}

}  // namespace tenon::device
