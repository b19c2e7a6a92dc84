// SPDX-License-Identifier: Apache-2.0
//
// Sums over any set of axes, and what is a sum of something.
#include "reference_impl/cpu/kernels/reduce_kernel.h"

namespace tenon::cpu {
namespace {

template <class Map, Finish kFinish, uint64_t Mask = kNumericTypes>
std::unique_ptr<Kernel> create_sum(const Description& desc) {
  return visit_dtype<Mask>(
      desc.name(), desc.input_dtype(0), [&](auto type) -> std::unique_ptr<Kernel> {
        using T = typename decltype(type)::type;
        constexpr bool kItself = std::is_same_v<Map, Magnitude> && std::is_unsigned_v<T>;
        using Reducer = SumReducer<T, std::conditional_t<kItself, Itself, Map>>;
        return std::make_unique<ReduceKernel<Reducer>>(desc, Reducer{kFinish});
      });
}

}  // namespace

std::span<const OperatorEntry> sum_reduction_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kReduceSum, kNumericTypes, create_sum<Itself, Finish::kSum>},
      {op::kReduceMean, kNumericTypes, create_sum<Itself, Finish::kMean>},
      {op::kReduceSumSquare, kNumericTypes, create_sum<Square, Finish::kSum>},
      {op::kReduceL1, kNumericTypes, create_sum<Magnitude, Finish::kSum>},
      {op::kReduceL2, kFloatTypes, create_sum<Square, Finish::kRoot, kFloatTypes>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
