// SPDX-License-Identifier: Apache-2.0
//
// Elementwise transcendental functions and the activations made of them.
#include <cmath>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/vector_math.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::cpu {
namespace {

// A functor C -> C of an expression of x.
#define TENON_MATH(NAME, EXPRESSION)       \
  struct NAME {                            \
    static constexpr bool kHeavy = true;   \
    template <class C>                     \
    TENON_INLINE C operator()(C x) const { \
      return EXPRESSION;                   \
    }                                      \
  };

TENON_MATH(Exp, vm::exp(x))
TENON_MATH(Log, vm::log(x))
TENON_MATH(Tanh, vm::tanh(x))
TENON_MATH(Sigmoid, vm::sigmoid(x))
TENON_MATH(Silu, x* vm::sigmoid(x))
TENON_MATH(Softplus, (x < 0 ? C(0) : x) + vm::log1p_positive(vm::exp(-std::fabs(x))))
TENON_MATH(Mish, x* vm::tanh(Softplus()(x)))
TENON_MATH(Erf, vm::erf(x))
TENON_MATH(Erfc, vm::erfc(x))
TENON_MATH(Gelu, x* vm::normal_cdf(x))
TENON_MATH(GeluTanh, x* vm::sigmoid(2 * vm::gelu_inner(x)))
#undef TENON_MATH

struct Elu {
  static constexpr bool kHeavy = true;
  explicit Elu(const double* a) : alpha(a[0]) {}
  template <class C>
  TENON_INLINE C operator()(C x) const {
    const C below = static_cast<C>(alpha) * vm::expm1(x);
    return x < 0 ? below : x;
  }
  double alpha;
};

template <class Op>
constexpr CreateKernel kMath = create_elementwise<Op, 1, kFloatTypes>;

std::unique_ptr<Kernel> create_elu(const Description& desc) {
  return make_elementwise<Elu, 1, kFloatTypes>(desc, elementwise_numbers(desc).first);
}

std::unique_ptr<Kernel> create_gelu(const Description& desc) {
  return is_tanh_gelu(desc) ? make_elementwise<GeluTanh, 1, kFloatTypes>(desc)
                            : make_elementwise<Gelu, 1, kFloatTypes>(desc);
}

}  // namespace

std::span<const OperatorEntry> math_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kExp, kFloatTypes, kMath<Exp>},   {op::kLog, kFloatTypes, kMath<Log>},
      {op::kTanh, kFloatTypes, kMath<Tanh>}, {op::kSigmoid, kFloatTypes, kMath<Sigmoid>},
      {op::kMish, kFloatTypes, kMath<Mish>}, {op::kTenonSilu, kFloatTypes, kMath<Silu>},
      {op::kElu, kFloatTypes, create_elu},   {op::kSoftplus, kFloatTypes, kMath<Softplus>},
      {op::kErf, kFloatTypes, kMath<Erf>},   {op::kTenonErfc, kFloatTypes, kMath<Erfc>},
      {op::kGelu, kFloatTypes, create_gelu},
  };
  return kEntries;
}

}  // namespace tenon::cpu
