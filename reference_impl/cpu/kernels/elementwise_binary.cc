// SPDX-License-Identifier: Apache-2.0
//
// Elementwise arithmetic of two and more inputs. Integers wrap: they are computed without a sign,
// or in 64 bits, so that no overflow is undefined.
#include <cmath>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/vector_math.h"

namespace tenon::cpu {
namespace {

// The unsigned type in which integers of type C are computed: wide enough not to be promoted to
// int.
template <class C>
using Wrapping = std::conditional_t<std::is_integral_v<C>,
                                    std::conditional_t<sizeof(C) == 8, uint64_t, uint32_t>, C>;

// A functor of an expression in W, which wraps for integers; the inputs are named by PARAMETERS.
#define TENON_WRAPPING(NAME, PARAMETERS, EXPRESSION) \
  struct NAME {                                      \
    template <class C, class W = Wrapping<C>>        \
    TENON_INLINE C operator() PARAMETERS const {     \
      return static_cast<C>(EXPRESSION);             \
    }                                                \
  };

TENON_WRAPPING(Add, (C a, C b), W(a) + W(b))
TENON_WRAPPING(Sub, (C a, C b), W(a) - W(b))
TENON_WRAPPING(Mul, (C a, C b), W(a) * W(b))
TENON_WRAPPING(AddScaled, (C a, C b, C alpha), W(a) + W(alpha) * W(b))
TENON_WRAPPING(AddCMul, (C x, C a, C b, C value), W(x) + W(value) * (W(a) * W(b)))
TENON_WRAPPING(AddCDiv, (C x, C a, C b, C value), W(x) + W(value) * (W(a) / W(b)))
TENON_WRAPPING(SquaredDifference, (C a, C b), (a - b) * (a - b))
#undef TENON_WRAPPING

// NaN if either is: a comparison with NaN is false, so b's NaN falls through to b.
struct Max {
  template <class C>
  TENON_INLINE C operator()(C a, C b) const {
    return (a != a) | (a > b) ? a : b;
  }
};

struct Min {
  template <class C>
  TENON_INLINE C operator()(C a, C b) const {
    return (a != a) | (a < b) ? a : b;
  }
};

struct DivNoNan {
  template <class C>
  TENON_INLINE C operator()(C a, C b) const {
    return b == 0 ? C(0) : a / b;
  }
};

struct Lerp {
  template <class C>
  TENON_INLINE C operator()(C start, C end, C weight) const {
    const C distance = end - start;
    const C from_start = start + weight * distance;
    const C from_end = end - distance * (1 - weight);
    return weight < C(0.5) ? from_start : from_end;
  }
};

struct Atan2 {
  static constexpr bool kHeavy = true;
  template <class C>
  TENON_INLINE C operator()(C a, C b) const {
    return vm::arithmetic(std::atan2(vm::arithmetic(a), vm::arithmetic(b)));
  }
};

struct And {
  TENON_INLINE uint8_t operator()(uint8_t a, uint8_t b) const { return a & b; }
};
struct Or {
  TENON_INLINE uint8_t operator()(uint8_t a, uint8_t b) const { return a | b; }
};
struct Xor {
  TENON_INLINE uint8_t operator()(uint8_t a, uint8_t b) const { return a ^ b; }
};

template <class Op>
std::unique_ptr<Kernel> create_logical(const Description& desc) {
  require_test(desc, 2);
  if (desc.input_dtype(0) != TN_BOOL) throw_unsupported_dtype(desc.name(), desc.input_dtype(0));
  return std::make_unique<ElementwiseKernel<2>>(desc,
                                                elementwise_loop<Op, uint8_t, uint8_t, uint8_t>());
}

}  // namespace

std::span<const OperatorEntry> binary_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kAdd, kNumericTypes, create_elementwise<Add, 2, kNumericTypes>},
      {op::kSub, kNumericTypes, create_elementwise<Sub, 2, kNumericTypes>},
      {op::kMul, kNumericTypes, create_elementwise<Mul, 2, kNumericTypes>},
      {op::kMax, kNumericTypes, create_elementwise<Max, 2, kNumericTypes>},
      {op::kMin, kNumericTypes, create_elementwise<Min, 2, kNumericTypes>},
      {op::kAnd, kBoolType, create_logical<And>},
      {op::kOr, kBoolType, create_logical<Or>},
      {op::kXor, kBoolType, create_logical<Xor>},
      {op::kTenonDivNoNan, kFloatTypes, create_elementwise<DivNoNan, 2, kFloatTypes>},
      {op::kTenonSquaredDifference, kFloatTypes,
       create_elementwise<SquaredDifference, 2, kFloatTypes>},
      {op::kTenonAtan2, kFloatTypes, create_elementwise<Atan2, 2, kFloatTypes>},
      {op::kTenonAddScaled, kNumericTypes, create_elementwise<AddScaled, 3, kNumericTypes>},
      {op::kTenonLerp, kFloatTypes, create_elementwise<Lerp, 3, kFloatTypes>},
      {op::kTenonAddCMul, kNumericTypes, create_elementwise<AddCMul, 4, kNumericTypes>},
      {op::kTenonAddCDiv, kFloatTypes, create_elementwise<AddCDiv, 4, kFloatTypes>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
