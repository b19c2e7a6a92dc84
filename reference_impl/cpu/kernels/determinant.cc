// SPDX-License-Identifier: Apache-2.0
//
// Det: each matrix is eliminated in float64, and the list of the family.
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "reference_impl/cpu/kernels/signal.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/signal.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::cpu {
namespace {

using device::DetOperator;

// The largest of the column is the pivot. `a` is n x n, row-major, and is lost.
double determinant(double* a, int64_t n) {
  double product = 1;
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i)
      if (std::fabs(a[i * n + k]) > std::fabs(a[pivot * n + k])) pivot = i;
    if (pivot != k) {
      std::swap_ranges(a + k * n, a + (k + 1) * n, a + pivot * n);
      product = -product;
    }
    const double top = a[k * n + k];
    product *= top;
    if (top == 0) return product;
    for (int64_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / top;
      for (int64_t j = k + 1; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return product;
}

template <class T>
class DetKernel final : public KernelOf<DetOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    const View& x = a.inputs[0];
    const int64_t n = x.dims[x.rank - 1];
    WorkspaceParts parts;
    parts.take_array<double>(scratch_slots(a.outputs[0].count()) * n * n);
    return parts.used();
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const int64_t n = x.dims[x.rank - 1], slots = scratch_slots(y.count());
    const int64_t row = x.strides[x.rank - 2], column = x.strides[x.rank - 1];
    double* const buffers = reinterpret_cast<double*>(a.workspace);
    CutView from(x, x.rank - 2, x.rank);
    const View* operands[] = {&y, &from.view()};
    const StridedLoop<2> loop(operands, y.dims, y.rank);
    for_each_task(execution, slots, [&](int64_t task, int64_t slot) {
      double* const matrix = buffers + slot * n * n;
      const int64_t begin = loop.count() * task / slots, end = loop.count() * (task + 1) / slots;
      loop.rows(begin, end, [&](std::byte* const* at, const int64_t* strides, int64_t count) {
        for (int64_t k = 0; k < count; ++k) {
          const T* in = reinterpret_cast<const T*>(at[1] + k * strides[1]);
          for (int64_t i = 0; i < n; ++i)
            for (int64_t j = 0; j < n; ++j) matrix[i * n + j] = load(in[i * row + j * column]);
          *reinterpret_cast<T*>(at[0] + k * strides[0]) = store<T>(determinant(matrix, n));
        }
      });
    });
  }
};

std::unique_ptr<Kernel> create_det(const Description& desc) {
  return visit_dtype<kFloatTypes>(desc.name(), desc.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using T = typename decltype(type)::type;
                                    return std::make_unique<DetKernel<T>>(desc);
                                  });
}

}  // namespace

std::span<const OperatorEntry> determinant_operators() {
  static const OperatorEntry kEntries[] = {{op::kDet, kFloatTypes, create_det}};
  return kEntries;
}

std::span<const OperatorEntry> signal_operators() {
  static const std::vector<OperatorEntry> all = [] {
    std::vector<OperatorEntry> entries;
    for (std::span<const OperatorEntry> part : {dft_operators(), determinant_operators()})
      entries.insert(entries.end(), part.begin(), part.end());
    return entries;
  }();
  return all;
}

}  // namespace tenon::cpu
