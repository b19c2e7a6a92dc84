// SPDX-License-Identifier: Apache-2.0
//
// NonZero: the indices of the elements that are not zero, a column each, in row-major order. How
// many there are is written to output_dims.
#include <memory>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/indexing.h"
#include "tenon/device/operators/movement.h"

namespace tenon::cpu {
namespace {

template <class T>
class NonZeroKernel final : public KernelOf<NonZeroOperator> {
 public:
  using KernelOf::KernelOf;

  // On one thread: every column's place depends on all before it.
  void run(const Arguments& arguments, const Execution&) const override {
    const View &x = arguments.inputs[0], &y = arguments.outputs[0];
    const int32_t last = x.rank - 1;
    const int64_t length = last < 0 ? 1 : x.dims[last];
    const int64_t step = last < 0 ? 0 : x.strides[last];
    const int64_t total = x.count();
    int64_t at[TN_MAX_RANK] = {};
    int64_t found = 0;
    for (int64_t row = 0; total > 0 && row < total / length; ++row) {
      const T* line = x.as<const T>();
      for (int32_t d = 0; d < last; ++d) line += at[d] * x.strides[d];
      for (int64_t i = 0; i < length; ++i) {
        if (load(line[i * step]) == 0) continue;
        if (found == y.dims[1])
          throw_invalid(operator_.name, "more than " + std::to_string(y.dims[1]) +
                                            " elements are not zero: the output is too small");
        for (int32_t d = 0; d <= last; ++d)
          y.as<int64_t>()[d * y.strides[0] + found * y.strides[1]] = d == last ? i : at[d];
        ++found;
      }
      for (int32_t d = last - 1; d >= 0; --d) {
        if (++at[d] < x.dims[d]) break;
        at[d] = 0;
      }
    }
    if (arguments.output_dims && arguments.output_dims[0]) {
      arguments.output_dims[0][0] = x.rank;
      arguments.output_dims[0][1] = found;
    }
  }
};

std::unique_ptr<Kernel> create_nonzero(const Description& desc) {
  return visit_dtype<kComputedTypes>(desc.name(), desc.input_dtype(0),
                                     [&](auto type) -> std::unique_ptr<Kernel> {
                                       using T = typename decltype(type)::type;
                                       return std::make_unique<NonZeroKernel<T>>(desc);
                                     });
}

}  // namespace

std::span<const OperatorEntry> nonzero_operators() {
  static const OperatorEntry kEntries[] = {{op::kNonZero, kComputedTypes, create_nonzero}};
  return kEntries;
}

}  // namespace tenon::cpu
