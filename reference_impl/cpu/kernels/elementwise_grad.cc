// SPDX-License-Identifier: Apache-2.0
//
// Gradients of elementwise operators: dX from dY and what the forward pass kept.
#include <cmath>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/vector_math.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::cpu {
namespace {

// A functor of dY (d) and the forward's input or output (x).
#define TENON_GRAD(NAME, EXPRESSION)            \
  struct NAME {                                 \
    template <class C>                          \
    TENON_INLINE C operator()(C d, C x) const { \
      return EXPRESSION;                        \
    }                                           \
  };

TENON_GRAD(TanhGrad, d * (1 - x * x))
TENON_GRAD(SigmoidGrad, d*(x * (1 - x)))
// No gradient stays none at the pole: 0 * inf and 0 / 0 would be NaN.
TENON_GRAD(RsqrtGrad, d == 0 ? C(0) : d * (C(-0.5) * (x * x * x)))
TENON_GRAD(SqrtGrad, d == 0 ? C(0) : d * (C(0.5) / x))
#undef TENON_GRAD

struct ReluGrad {
  template <class C>
  TENON_INLINE C operator()(C d, C x, C threshold) const {
    return x <= threshold ? C(0) : d;  // NaN passes, as in PyTorch.
  }
};

struct SiluGrad {
  static constexpr bool kHeavy = true;
  template <class C>
  TENON_INLINE C operator()(C d, C x) const {
    const C s = vm::sigmoid(x);
    return d * s * (1 + x * (1 - s));
  }
};

struct GeluGrad {
  static constexpr bool kHeavy = true;
  template <class C>
  TENON_INLINE C operator()(C d, C x) const {
    return d * (vm::normal_cdf(x) + x * vm::normal_pdf(x));
  }
};

// With s = sigmoid(2 u): d/dx (x s) = s + x s (1 - s) 2 du/dx.
struct GeluTanhGrad {
  static constexpr bool kHeavy = true;
  template <class C>
  TENON_INLINE C operator()(C d, C x) const {
    const C s = vm::sigmoid(2 * vm::gelu_inner(x));
    const C slope = C(2 * 0.79788456080286535588) * (1 + C(3 * 0.044715) * x * x);
    return d * (s + x * s * (1 - s) * slope);
  }
};

template <class Op>
constexpr CreateKernel kGrad = create_elementwise<Op, 2, kFloatTypes>;

std::unique_ptr<Kernel> create_gelu_grad(const Description& desc) {
  return is_tanh_gelu(desc) ? kGrad<GeluTanhGrad>(desc) : kGrad<GeluGrad>(desc);
}

}  // namespace

std::span<const OperatorEntry> elementwise_grad_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kTenonReluGrad, kFloatTypes, create_elementwise<ReluGrad, 3, kFloatTypes>},
      {op::kTenonTanhGrad, kFloatTypes, kGrad<TanhGrad>},
      {op::kTenonSigmoidGrad, kFloatTypes, kGrad<SigmoidGrad>},
      {op::kTenonGeluGrad, kFloatTypes, create_gelu_grad},
      {op::kTenonSiluGrad, kFloatTypes, kGrad<SiluGrad>},
      {op::kTenonRsqrtGrad, kFloatTypes, kGrad<RsqrtGrad>},
      {op::kTenonSqrtGrad, kFloatTypes, kGrad<SqrtGrad>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
