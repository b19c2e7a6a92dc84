// SPDX-License-Identifier: Apache-2.0
//
// Sums over any set of axes, and what is a sum of something.
#include "reference_impl/cpu/kernels/reduce_kernel.h"

namespace tenon::cpu {
namespace {

template <class Rule>
struct SumBy {
  template <class T>
  struct Make {
    using type = SumReducer<T, Rule>;
  };
};
template <class T>
struct MakeL1 {
  using type = SumReducer<T, std::conditional_t<std::is_unsigned_v<T>, Itself, L1>>;
};
template <class Rule>
constexpr CreateKernel kSum = create_reduce<SumBy<Rule>::template Make, kNumericTypes>;

}  // namespace

std::span<const OperatorEntry> sum_reduction_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kReduceSum, kNumericTypes, kSum<Itself>},
      {op::kReduceMean, kNumericTypes, kSum<Mean>},
      {op::kReduceSumSquare, kNumericTypes, kSum<SumSquare>},
      {op::kReduceL1, kNumericTypes, create_reduce<MakeL1, kNumericTypes>},
      {op::kReduceL2, kFloatTypes, create_reduce<SumBy<L2>::Make, kFloatTypes>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
