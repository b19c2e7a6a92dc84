// SPDX-License-Identifier: Apache-2.0
//
// Comparisons: two inputs of one type, a bool output. Every comparison with NaN is false, except
// !=.
#include "reference_impl/cpu/kernels/elementwise.h"

namespace tenon::cpu {
namespace {

#define TENON_COMPARE(NAME, OPERATOR)                 \
  struct NAME {                                       \
    template <class C>                                \
    TENON_INLINE uint8_t operator()(C a, C b) const { \
      return a OPERATOR b;                            \
    }                                                 \
  };

TENON_COMPARE(Equal, ==)
TENON_COMPARE(NotEqual, !=)
TENON_COMPARE(Less, <)
TENON_COMPARE(LessOrEqual, <=)
TENON_COMPARE(Greater, >)
TENON_COMPARE(GreaterOrEqual, >=)
#undef TENON_COMPARE

template <class Op, uint64_t Mask>
std::unique_ptr<Kernel> create_compare(const Description& desc) {
  require_test(desc, 2);
  return visit_dtype<Mask>(
      desc.name(), desc.input_dtype(0), [&](auto type) -> std::unique_ptr<Kernel> {
        using T = typename decltype(type)::type;
        return std::make_unique<ElementwiseKernel<2>>(desc, elementwise_loop<Op, uint8_t, T, T>());
      });
}

}  // namespace

std::span<const OperatorEntry> compare_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kEqual, kComputedTypes, create_compare<Equal, kComputedTypes>},
      {op::kTenonNotEqual, kComputedTypes, create_compare<NotEqual, kComputedTypes>},
      {op::kLess, kNumericTypes, create_compare<Less, kNumericTypes>},
      {op::kLessOrEqual, kNumericTypes, create_compare<LessOrEqual, kNumericTypes>},
      {op::kGreater, kNumericTypes, create_compare<Greater, kNumericTypes>},
      {op::kGreaterOrEqual, kNumericTypes, create_compare<GreaterOrEqual, kNumericTypes>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
