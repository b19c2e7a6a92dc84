// SPDX-License-Identifier: Apache-2.0
//
// Products, log-sum-exp and variances over any set of axes.
#include "reference_impl/cpu/kernels/reduce_kernel.h"

namespace tenon::cpu {
namespace {

template <class T>
struct MakeProduct {
  using type = ProductReducer<T>;
};
template <class T>
struct MakeLogSumExp {
  using type = LogSumExpReducer<T>;
};

std::unique_ptr<Kernel> create_variance(const Description& desc) {
  return visit_dtype<kFloatTypes>(
      desc.name(), desc.input_dtype(0), [&](auto type) -> std::unique_ptr<Kernel> {
        using T = typename decltype(type)::type;
        return std::make_unique<ReduceKernel<VarianceReducer<T, T>, VarianceOperator>>(desc);
      });
}

}  // namespace

std::span<const OperatorEntry> axes_reduction_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kReduceProd, kNumericTypes, create_reduce<MakeProduct, kNumericTypes>},
      {op::kReduceLogSumExp, kFloatTypes, create_reduce<MakeLogSumExp, kFloatTypes>},
      {op::kTenonReduceVariance, kFloatTypes, create_variance},
  };
  return kEntries;
}

}  // namespace tenon::cpu
