// SPDX-License-Identifier: Apache-2.0
//
// Products, log-sum-exp and variances over any set of axes.
#include "reference_impl/cpu/kernels/reduce_kernel.h"

namespace tenon::cpu {

void require_reduction(const Description& desc, size_t inputs, size_t outputs) {
  if (!desc.has_input(0) || !desc.has_output(0) || desc.input_count() > inputs ||
      desc.output_count() > outputs)
    throw_invalid(desc.name(), "takes data and axes, and gives the reduced data");
  for (size_t i = 0; i < outputs; ++i)
    if (desc.has_output(i) && desc.output_dtype(i) != desc.input_dtype(0))
      throw KernelError(TN_UNSUPPORTED, std::string(desc.name()) + ": the output is " +
                                            dtype_name(desc.output_dtype(i)) + ", the input " +
                                            dtype_name(desc.input_dtype(0)));
}

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
  require_reduction(desc, 3, 2);
  if (!desc.has_input(2)) throw_invalid(desc.name(), "needs a correction");
  return visit_dtype<kFloatTypes>(
      desc.name(), desc.input_dtype(0), [&](auto type) -> std::unique_ptr<Kernel> {
        using T = typename decltype(type)::type;
        return std::make_unique<ReduceKernel<VarianceReducer<T, T>>>(desc);
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
