// SPDX-License-Identifier: Apache-2.0
//
// The largest and the smallest over any set of axes; of bools, whether any or all are true.
#include "reference_impl/cpu/kernels/reduce_kernel.h"

namespace tenon::cpu {
namespace {

template <class T>
struct MakeMax {
  using type = ExtremeReducer<T, true>;
};
template <class T>
struct MakeMin {
  using type = ExtremeReducer<T, false>;
};
template <>
struct MakeMax<bool> {
  using type = TruthReducer<true>;
};
template <>
struct MakeMin<bool> {
  using type = TruthReducer<false>;
};
}  // namespace

std::span<const OperatorEntry> extreme_reduction_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kReduceMax, kComputedTypes, create_reduce<MakeMax, kComputedTypes>},
      {op::kReduceMin, kComputedTypes, create_reduce<MakeMin, kComputedTypes>},
      {op::kTenonReduceAll, kBoolType, create_reduce<MakeMin, kBoolType>},
      {op::kTenonReduceAny, kBoolType, create_reduce<MakeMax, kBoolType>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
