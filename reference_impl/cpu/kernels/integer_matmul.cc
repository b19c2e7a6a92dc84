// SPDX-License-Identifier: Apache-2.0
//
// MatMulInteger, MatMulIntegerToFloat, QLinearMatMul and QGemm.
#include "reference_impl/cpu/kernels/integer_matmul.h"

#include "reference_impl/cpu/kernels/quantized.h"

namespace tenon::cpu {

bool shares_b(const QuantizedMatmulPlan& plan) {
  for (int32_t d = 0; d < plan.product.batch_rank; ++d)
    if (plan.product.b.batch_strides[d] != 0 || plan.b_zero.batch_strides[d] != 0) return false;
  return true;
}

IntegerProduct product_of(const QuantizedMatmulPlan& plan) {
  const MatmulPlan& p = plan.product;
  const int64_t batches = p.batch_count();
  if (shares_b(plan)) return {1, 1, batches * p.m, p.n, p.k};
  return {batches, batches, p.m, p.n, p.k};
}

namespace {

constexpr int64_t kWidth = IntegerProduct::kWidth;

template <class Operator>
class IntegerMatmul : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  using KernelOf<Operator>::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    return product_of(operator_.plan(a)).workspace_size();
  }

 protected:
  using KernelOf<Operator>::operator_;
};

class MatMulInteger final : public IntegerMatmul<MatMulIntegerOperator> {
 public:
  using IntegerMatmul::IntegerMatmul;

  void run(const Arguments& a, const Execution& execution) const override {
    const QuantizedMatmulPlan plan = operator_.plan(a);
    const MatmulPlan& p = plan.product;
    run_integer_matmul(operator_.name, plan, a.workspace, execution,
                       [&](const BatchIndex& batch, int64_t row, int64_t column, int64_t count,
                           const int32_t* sums) {
                         write_numbers(p.y.view, place_in_y(p, batch, row, column),
                                       p.y.column_stride, count, sums);
                       });
  }
};

class MatMulIntegerToFloat final : public IntegerMatmul<MatMulIntegerToFloatOperator> {
 public:
  using IntegerMatmul::IntegerMatmul;

  void run(const Arguments& a, const Execution& execution) const override {
    const QuantizedMatmulPlan plan = operator_.plan(a);
    run_integer_matmul(operator_.name, plan, a.workspace, execution,
                       [&](const BatchIndex& batch, int64_t row, int64_t column, int64_t count,
                           const int32_t* sums) {
                         store_floats(plan, number_beside<float>(plan.a_scale, batch, row, 0, 1),
                                      batch, row, column, count, sums);
                       });
  }
};

class QLinearMatMul final : public IntegerMatmul<QLinearMatMulOperator> {
 public:
  using IntegerMatmul::IntegerMatmul;

  void run(const Arguments& a, const Execution& execution) const override {
    const QuantizedMatmulPlan plan = operator_.plan(a);
    const Rescale rescale(a.input(operator_.places.y_scale), a.input(operator_.places.y_zero));
    run_integer_matmul(operator_.name, plan, a.workspace, execution,
                       [&](const BatchIndex& batch, int64_t row, int64_t column, int64_t count,
                           const int32_t* sums) {
                         float s[kWidth];
                         for (int64_t j = 0; j < count; ++j) s[j] = static_cast<float>(sums[j]);
                         store_scaled(plan, rescale, batch, row, column, count, s);
                       });
  }
};

// Of a and b that are not both whole numbers: summed in float32, one after the other.
class QLinearMatMulOfFloats final : public KernelOf<QLinearMatMulOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const QuantizedMatmulPlan plan = operator_.plan(a);
    const MatmulPlan& p = plan.product;
    const Rescale rescale(a.input(operator_.places.y_scale), a.input(operator_.places.y_zero));
    const int64_t panels = (p.n + kWidth - 1) / kWidth;
    execution.parallel_for(p.batch_count() * p.m * panels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const BatchIndex batch(p, task / panels / p.m);
        const int64_t row = task / panels % p.m, column = task % panels * kWidth;
        const int64_t count = std::min(kWidth, p.n - column);
        float sums[kWidth] = {}, zeros[kWidth], b[kWidth];
        const auto zero = number_beside<float>(plan.a_zero, batch, row, 0, 0);
        numbers_beside<float>(plan.b_zero, batch, row, column, count, 0, zeros);
        for (int64_t i = 0; i < p.k; ++i) {
          float x;
          read_numbers(p.a.view, batch.offset(p.a) + row * p.a.row_stride + i * p.a.column_stride,
                       0, 1, &x);
          read_numbers(p.b.view,
                       batch.offset(p.b) + i * p.b.row_stride + column * p.b.column_stride,
                       p.b.column_stride, count, b);
          for (int64_t j = 0; j < count; ++j) sums[j] += (x - zero) * (b[j] - zeros[j]);
        }
        store_scaled(plan, rescale, batch, row, column, count, sums);
      }
    });
  }
};

class QGemm final : public IntegerMatmul<QGemmOperator> {
 public:
  using IntegerMatmul::IntegerMatmul;

  void run(const Arguments& a, const Execution& execution) const override {
    const QuantizedMatmulPlan plan = operator_.plan(a);
    const MatmulPlan& p = plan.product;
    const bool scaled = a.input(operator_.places.y_scale).present();
    const auto y_scale = one_number<float>(a.input(operator_.places.y_scale), 1);
    const auto y_zero = one_number<int32_t>(a.input(operator_.places.y_zero));
    run_integer_matmul(
        operator_.name, plan, a.workspace, execution,
        [&](const BatchIndex& batch, int64_t row, int64_t column, int64_t count,
            const int32_t* sums) {
          float y[kWidth], scales[kWidth];
          int32_t addend[kWidth], whole[kWidth];
          const float of_row =
              operator_.alpha * number_beside<float>(plan.a_scale, batch, row, 0, 1);
          numbers_beside<float>(plan.b_scale, batch, row, column, count, 1, scales);
          numbers_beside<int32_t>(plan.bias, batch, row, column, count, 0, addend);
          const int64_t at = place_in_y(p, batch, row, column);
          for (int64_t j = 0; j < count; ++j) {
            const uint32_t sum = static_cast<uint32_t>(sums[j]) + static_cast<uint32_t>(addend[j]);
            y[j] = static_cast<float>(static_cast<int32_t>(sum)) * (of_row * scales[j] / y_scale);
          }
          if (!scaled) return write_numbers(p.y.view, at, p.y.column_stride, count, y);
          const IntegerRange range = range_of(p.y.view.dtype);
          for (int64_t j = 0; j < count; ++j) whole[j] = saturated(y[j], y_zero, range);
          write_numbers(p.y.view, at, p.y.column_stride, count, whole);
        });
  }
};

}  // namespace

void store_floats(const QuantizedMatmulPlan& plan, float of_row, const BatchIndex& batch,
                  int64_t row, int64_t column, int64_t count, const int32_t* sums) {
  const MatmulPlan& p = plan.product;
  float y[kWidth], scales[kWidth], bias[kWidth];
  numbers_beside<float>(plan.b_scale, batch, row, column, count, 1, scales);
  numbers_beside<float>(plan.bias, batch, row, column, count, 0, bias);
  for (int64_t j = 0; j < count; ++j)
    y[j] = static_cast<float>(sums[j]) * (of_row * scales[j]) + bias[j];
  write_numbers(p.y.view, place_in_y(p, batch, row, column), p.y.column_stride, count, y);
}

void store_scaled(const QuantizedMatmulPlan& plan, const Rescale& rescale, const BatchIndex& batch,
                  int64_t row, int64_t column, int64_t count, const float* sums) {
  const MatmulPlan& p = plan.product;
  float factors[kWidth];
  const float of_row = number_beside<float>(plan.a_scale, batch, row, 0, 1);
  numbers_beside<float>(plan.b_scale, batch, row, column, count, 1, factors);
  for (int64_t j = 0; j < count; ++j) factors[j] = of_row * factors[j] / rescale.scale;
  rescale.store(p.y.view, place_in_y(p, batch, row, column), p.y.column_stride, count, sums,
                factors);
}

std::unique_ptr<Kernel> create_matmul_integer(const Description& d) {
  return std::make_unique<MatMulInteger>(d);
}
std::unique_ptr<Kernel> create_matmul_integer_to_float(const Description& d) {
  return std::make_unique<MatMulIntegerToFloat>(d);
}
std::unique_ptr<Kernel> create_qlinear_matmul(const Description& d) {
  if (in_set(d.input(0).dtype, kIntegerTypes) && in_set(d.input(3).dtype, kIntegerTypes))
    return std::make_unique<QLinearMatMul>(d);
  return std::make_unique<QLinearMatMulOfFloats>(d);
}
std::unique_ptr<Kernel> create_qgemm(const Description& d) { return std::make_unique<QGemm>(d); }

}  // namespace tenon::cpu
