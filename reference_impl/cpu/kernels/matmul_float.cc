// SPDX-License-Identifier: Apache-2.0
//
// Runs batched products of the float types. Float16 and bfloat16 are converted while they are
// packed and summed in a float matrix of the workspace.
#include <algorithm>

#include "reference_impl/cpu/kernels/gemm.h"
#include "reference_impl/cpu/kernels/matmul_run.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "reference_impl/cpu/layouts.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// Matrices below this many multiplications are dealt to the threads whole.
constexpr int64_t kSmall = int64_t{1} << 21;
constexpr int64_t kRowGrain = 1 << 14;  // Elements of rows that are filled or converted.

bool needs_float_copy(const View& y) { return tn_dtype_bits(y.dtype) == 16; }

template <class T>
uint64_t scratch_of_one(const MatmulPlan& p, int64_t m) {
  WorkspaceParts parts;
  parts.take(gemm::scratch_size<T>(gemm::best_isa(), m, p.n, p.k, p.b.packed));
  if (needs_float_copy(p.y.view)) parts.take_array<float>(m * p.n);
  return parts.used();
}

bool is_one_matrix(const View& x) { return x.rank <= 2 || extent(x, 0, x.rank - 2) == 1; }

bool deals_matrices(const MatmulPlan& p) { return p.batch_count() > 1 && p.m * p.n * p.k < kSmall; }

template <class T>
uint64_t workspace_size(const MatmulPlan& p) {
  const int64_t batch = p.batch_count();
  uint64_t size = scratch_of_one<T>(p, p.m);
  if (deals_matrices(p)) size *= static_cast<uint64_t>(scratch_slots(batch));
  if (batch > 1 && is_one_matrix(p.b.view))
    size = std::max(size, scratch_of_one<T>(p, batch * p.m));
  return size;
}

// All of the batch or none: the workspace was not made for a part of it.
void join_batch(MatmulPlan& plan) {
  if (plan.batch_rank == 0 || !is_one_matrix(plan.b.view)) return;
  MatmulPlan joined = plan;
  join_rows(joined);
  if (joined.batch_rank == 0) plan = joined;
}

template <class Body>
void over_rows(const Execution* execution, int64_t rows, int64_t columns, Body&& body) {
  if (execution == nullptr) return body(int64_t{0}, rows);
  execution->parallel_for(rows, std::max<int64_t>(kRowGrain / std::max<int64_t>(columns, 1), 1),
                          body);
}

template <class T>
class MatmulRun {
 public:
  MatmulRun(const MatmulPlan& plan, double alpha, double beta, const gemm::Epilogue<T>* epilogue)
      : p_(plan), alpha_(static_cast<T>(alpha)), beta_(static_cast<T>(beta)), epilogue_(epilogue) {}

  // The matrix of one batch index, on this thread alone when `execution` is null.
  void one(int64_t batch, std::byte* scratch, const Execution* execution) const {
    gemm::Product<T> product;
    product.epilogue = epilogue_;
    product.row = batch * p_.m;
    int64_t index[TN_MAX_RANK] = {};
    for (int32_t d = p_.batch_rank; d-- > 0; batch /= p_.batch_dims[d]) {
      index[d] = batch % p_.batch_dims[d];
    }
    const auto data = [&](const BatchedMatrix& x, int64_t unit = 1) {
      return x.view.data + x.batch_offset(index, p_.batch_rank) * unit *
                               static_cast<int64_t>(tn_dtype_bits(x.view.dtype) / 8);
    };
    WorkspaceParts parts(scratch);
    std::byte* packing =
        parts.take(gemm::scratch_size<T>(gemm::best_isa(), p_.m, p_.n, p_.k, p_.b.packed));
    product.m = p_.m;
    product.n = p_.n;
    product.k = p_.k;
    product.alpha = alpha_;
    // Without elements an operand has no memory; its packing reads none.
    if (p_.k > 0) product.a = {data(p_.a), p_.a.view.dtype, p_.a.row_stride, p_.a.column_stride};
    if (p_.k > 0 && p_.b.packed) {
      product.packed_b = reinterpret_cast<const T*>(data(p_.b, packed_matrix_elements(p_.k, p_.n)));
    }
    if (p_.k > 0) product.b = {data(p_.b), p_.b.view.dtype, p_.b.row_stride, p_.b.column_stride};
    const bool copy = needs_float_copy(p_.y.view);
    if (copy) {
      product.c = parts.take_array<T>(p_.m * p_.n);
      product.c_row_stride = p_.n;
    } else {
      product.c = reinterpret_cast<T*>(data(p_.y));
      product.c_row_stride = p_.y.row_stride;
      product.c_column_stride = p_.y.column_stride;
    }
    if (p_.c.view.present() && beta_ != 0) {
      add_first(product, data(p_.c), execution);
      product.accumulate = true;
    }
    gemm::multiply(gemm::best_isa(), product, packing, execution);
    if constexpr (std::is_same_v<T, float>) {
      if (copy) convert(product.c, data(p_.y), execution);
    }
  }

 private:
  static constexpr uint64_t kTypes =
      std::is_same_v<T, double> ? dtype_bit(TN_FLOAT64) : kFloatTypes & ~dtype_bit(TN_FLOAT64);

  // product.c = beta * C, to which the product is added.
  void add_first(const gemm::Product<T>& product, const std::byte* c,
                 const Execution* execution) const {
    visit_dtype<kTypes>("matrix product", p_.c.view.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const S* from = reinterpret_cast<const S*>(c);
      over_rows(execution, p_.m, p_.n, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          T* to = product.c + i * product.c_row_stride;
          const S* line = from + i * p_.c.row_stride;
          for (int64_t j = 0; j < p_.n; ++j) {
            to[j * product.c_column_stride] =
                beta_ * static_cast<T>(load(line[j * p_.c.column_stride]));
          }
        }
      });
    });
  }

  void convert(const float* sums, std::byte* y, const Execution* execution) const {
    visit_dtype<kHalfTypes>("matrix product", p_.y.view.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      S* to = reinterpret_cast<S*>(y);
      over_rows(execution, p_.m, p_.n, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          for (int64_t j = 0; j < p_.n; ++j) {
            to[i * p_.y.row_stride + j * p_.y.column_stride] = store<S>(sums[i * p_.n + j]);
          }
        }
      });
    });
  }

  const MatmulPlan& p_;
  T alpha_, beta_;
  const gemm::Epilogue<T>* epilogue_;
};

template <class T>
void run(MatmulPlan plan, double alpha, double beta, std::byte* workspace,
         const Execution& execution, const gemm::Epilogue<T>* epilogue) {
  join_batch(plan);
  const MatmulRun<T> product(plan, alpha, beta, epilogue);
  const int64_t batch = plan.batch_count();
  if (deals_matrices(plan)) {
    const auto each = static_cast<int64_t>(scratch_of_one<T>(plan, plan.m));
    for_each_task(execution, batch, [&](int64_t task, int64_t slot) {
      product.one(task, workspace + slot * each, nullptr);
    });
  } else {
    for (int64_t i = 0; i < batch; ++i) product.one(i, workspace, &execution);
  }
}

}  // namespace

uint64_t matmul_workspace_size(const MatmulPlan& plan) {
  if (plan.batch_count() * plan.m * plan.n == 0) return 0;
  return plan.y.view.dtype == TN_FLOAT64 ? workspace_size<double>(plan)
                                         : workspace_size<float>(plan);
}

void run_matmul(const MatmulPlan& plan, double alpha, double beta, std::byte* workspace,
                const Execution& execution, const gemm::Epilogue<float>* epilogue) {
  if (plan.batch_count() * plan.m * plan.n == 0) return;
  if (plan.y.view.dtype == TN_FLOAT64) {
    run<double>(plan, alpha, beta, workspace, execution, nullptr);
  } else {
    run<float>(plan, alpha, beta, workspace, execution, epilogue);
  }
}

}  // namespace tenon::cpu
