// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of quantized operands, with the zero points and scales of rows and columns.
#pragma once

#include "reference_impl/cpu/kernels/integer_product.h"
#include "reference_impl/cpu/kernels/quantize.h"
#include "tenon/device/operators/quantized_products.h"

namespace tenon::cpu {

// A batch of Y, as its index in Y's batch dims.
struct BatchIndex {
  int64_t at[TN_MAX_RANK];
  int32_t rank;

  BatchIndex(const MatmulPlan& p, int64_t batch) : rank(p.batch_rank) {
    for (int32_t d = rank; d-- > 0; batch /= p.batch_dims[d]) at[d] = batch % p.batch_dims[d];
  }
  int64_t offset(const BatchedMatrix& matrix) const { return matrix.batch_offset(at, rank); }
};

// Element (row, column) of a matrix beside Y; `otherwise` where it is absent.
template <class C>
C number_beside(const BatchedMatrix& matrix, const BatchIndex& batch, int64_t row, int64_t column,
                C otherwise) {
  if (!matrix.view.present()) return otherwise;
  read_numbers(matrix.view,
               batch.offset(matrix) + row * matrix.row_stride + column * matrix.column_stride, 0, 1,
               &otherwise);
  return otherwise;
}
// A run of a row of it.
template <class C>
void numbers_beside(const BatchedMatrix& matrix, const BatchIndex& batch, int64_t row,
                    int64_t column, int64_t count, C otherwise, C* to) {
  if (!matrix.view.present()) return std::fill(to, to + count, otherwise), void();
  read_numbers(matrix.view,
               batch.offset(matrix) + row * matrix.row_stride + column * matrix.column_stride,
               matrix.column_stride, count, to);
}

// Whether all products have the same B, zero points of its columns included.
bool shares_b(const QuantizedMatmulPlan& plan);
// With one B the rows of all batches are those of one product.
IntegerProduct product_of(const QuantizedMatmulPlan& plan);

// Calls store(batch index, row, column, count, sums) for what MatMulInteger gives.
template <class Store>
void run_integer_matmul(std::string_view op, const QuantizedMatmulPlan& plan, std::byte* workspace,
                        const Execution& execution, Store&& store) {
  const MatmulPlan& p = plan.product;
  const IntegerProduct whole = product_of(plan);
  const bool joined = whole.batches != p.batch_count();
  const auto batch_of = [&](int64_t batch, int64_t row) {
    return BatchIndex(p, joined ? row / p.m : batch);
  };
  visit_bytes(op, p.a.view.dtype, [&](auto a_type) {
    visit_bytes(op, p.b.view.dtype, [&](auto b_type) {
      using A = typename decltype(a_type)::type;
      using B = typename decltype(b_type)::type;
      run_integer_product(
          whole, workspace, execution,
          [&](int64_t batch, int64_t row, int16_t* to) {
            const BatchIndex index = batch_of(batch, row);
            const int64_t i = joined ? row % p.m : row;
            const A* from = p.a.view.as<const A>() + index.offset(p.a) + i * p.a.row_stride;
            pack_line(from, p.a.column_stride, p.k,
                      number_beside<int32_t>(plan.a_zero, index, i, 0, 0), to);
          },
          [&](int64_t batch, int64_t column, int64_t count, int16_t* to) {
            const BatchIndex index(p, joined ? 0 : batch);
            int32_t zeros[IntegerProduct::kWidth];
            numbers_beside<int32_t>(plan.b_zero, index, 0, column, count, 0, zeros);
            const B* from = p.b.view.as<const B>() + index.offset(p.b) + column * p.b.column_stride;
            for (int64_t i = 0; i < p.k; ++i)
              pack_panel_row(from + i * p.b.row_stride, p.b.column_stride, count, zeros, i, to);
          },
          [&](int64_t batch, int64_t row, int64_t column, int64_t count, const int32_t* sums) {
            store(batch_of(batch, row), joined ? row % p.m : row, column, count, sums);
          });
    });
  });
}

// Where a run of a row of Y goes: write_numbers() to it.
inline int64_t place_in_y(const MatmulPlan& p, const BatchIndex& batch, int64_t row,
                          int64_t column) {
  return batch.offset(p.y) + row * p.y.row_stride + column * p.y.column_stride;
}

// Sums of a run of a row to Y: times both scales, and the bias added.
void store_floats(const QuantizedMatmulPlan& plan, float of_row, const BatchIndex& batch,
                  int64_t row, int64_t column, int64_t count, const int32_t* sums);
// Quantized anew.
void store_scaled(const QuantizedMatmulPlan& plan, const Rescale& rescale, const BatchIndex& batch,
                  int64_t row, int64_t column, int64_t count, const float* sums);

}  // namespace tenon::cpu
