// SPDX-License-Identifier: Apache-2.0
//
// Products of integer matrices: plain loops. Sums are taken in the unsigned type, which wraps.
#include <algorithm>
#include <type_traits>

#include "reference_impl/cpu/kernels/matmul_run.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {
namespace {

// uint16_t times uint16_t would be computed in int, and overflow there is undefined.
template <class T>
using Wrapping = std::conditional_t<sizeof(T) < 4, uint32_t, std::make_unsigned_t<T>>;

template <class T>
void multiply_row(const MatmulPlan& p, const T* a, const T* b, T* y) {
  constexpr int64_t kColumns = 64;
  for (int64_t j0 = 0; j0 < p.n; j0 += kColumns) {
    const int64_t columns = std::min(kColumns, p.n - j0);
    Wrapping<T> sums[kColumns] = {};
    for (int64_t p0 = 0; p0 < p.k; ++p0) {
      const auto x = static_cast<Wrapping<T>>(a[p0 * p.a.column_stride]);
      const T* line = b + p0 * p.b.row_stride + j0 * p.b.column_stride;
      for (int64_t j = 0; j < columns; ++j) {
        sums[j] += x * static_cast<Wrapping<T>>(line[j * p.b.column_stride]);
      }
    }
    for (int64_t j = 0; j < columns; ++j) {
      y[(j0 + j) * p.y.column_stride] = static_cast<T>(sums[j]);
    }
  }
}

}  // namespace

void run_integer_matmul(const MatmulPlan& p, const Execution& execution) {
  const int64_t rows = p.batch_count() * p.m;
  const int64_t work = std::max<int64_t>(p.n * p.k, 1);
  if (rows * p.n == 0) return;
  visit_dtype<kIntegerTypes>("MatMul", p.y.view.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    execution.parallel_for(
        rows, std::max<int64_t>((1 << 15) / work, 1), [&](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            int64_t index[TN_MAX_RANK];
            int64_t batch = row / p.m;
            for (int32_t d = p.batch_rank; d-- > 0; batch /= p.batch_dims[d]) {
              index[d] = batch % p.batch_dims[d];
            }
            const auto at = [&](const BatchedMatrix& x, int64_t i) {
              return x.view.as<T>() + x.batch_offset(index, p.batch_rank) + i * x.row_stride;
            };
            multiply_row<T>(p, at(p.a, row % p.m), at(p.b, 0), at(p.y, row % p.m));
          }
        });
  });
}

}  // namespace tenon::cpu
