// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of one input: arithmetic, rounding and activations without transcendental
// functions.
#include <cmath>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::cpu {
namespace {

struct Neg {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    if constexpr (std::is_integral_v<C>) {
      return static_cast<C>(0 - static_cast<std::make_unsigned_t<C>>(x));
    } else {
      return -x;
    }
  }
};

struct Abs {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    if constexpr (std::is_unsigned_v<C>) {
      return x;
    } else if constexpr (std::is_integral_v<C>) {
      return x < 0 ? Neg()(x) : x;
    } else {
      return std::fabs(x);
    }
  }
};

struct Sign {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return x != x ? x : static_cast<C>((x > 0) - (x < 0));
  }
};

struct Sqrt {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return std::sqrt(x);
  }
};

struct Reciprocal {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return 1 / x;
  }
};

struct Rsqrt {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return 1 / std::sqrt(x);
  }
};

struct Relu {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return x < C(0) ? C(0) : x;  // NaN is not below 0.
  }
};

struct LeakyRelu {
  explicit LeakyRelu(const double* a) : alpha(a[0]) {}
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return x < 0 ? static_cast<C>(alpha) * x : x;
  }
  double alpha;
};

template <class C>
TENON_INLINE C clamp_to_unit(C x) {
  x = x < 0 ? C(0) : x;
  return x > 1 ? C(1) : x;
}

struct HardSigmoid {
  explicit HardSigmoid(const double* a) : alpha(a[0]), beta(a[1]) {}
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return clamp_to_unit(static_cast<C>(alpha) * x + static_cast<C>(beta));
  }
  double alpha, beta;
};

struct HardSwish {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return x * clamp_to_unit(x * C(1.0 / 6) + C(0.5));
  }
};

struct Softsign {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return x / (1 + std::fabs(x));
  }
};

struct Floor {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return std::floor(x);
  }
};

struct Ceil {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return std::ceil(x);
  }
};

struct Round {
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return std::nearbyint(x);  // Halves to even: the rounding mode is never changed.
  }
};

struct Not {
  TENON_INLINE uint8_t operator()(uint8_t x) const { return x == 0; }
};

struct IsNaN {
  template <class C>
  TENON_INLINE uint8_t operator()(C x) const {
    return x != x;
  }
};

struct IsInf {
  explicit IsInf(const double* a) : negative(a[0] != 0), positive(a[1] != 0) {}
  template <class C>
  TENON_INLINE uint8_t operator()(C x) const {
    constexpr C kInf = std::numeric_limits<C>::infinity();
    return (positive & (x == kInf)) | (negative & (x == -kInf));
  }
  bool negative, positive;
};

template <class Op, uint64_t Mask>
constexpr CreateKernel kUnary = create_elementwise<Op, 1, Mask>;

std::unique_ptr<Kernel> create_leaky_relu(const Description& desc) {
  return make_elementwise<LeakyRelu, 1, kFloatTypes>(desc, elementwise_numbers(desc).first);
}

std::unique_ptr<Kernel> create_hard_sigmoid(const Description& desc) {
  const auto [alpha, beta] = elementwise_numbers(desc);
  return make_elementwise<HardSigmoid, 1, kFloatTypes>(desc, alpha, beta);
}

std::unique_ptr<Kernel> create_not(const Description& desc) {
  require_test(desc, 1);
  if (desc.input_dtype(0) != TN_BOOL) throw_unsupported_dtype(desc.name(), desc.input_dtype(0));
  return std::make_unique<ElementwiseKernel<1>>(desc, elementwise_loop<Not, uint8_t, uint8_t>());
}

// Floats to bool.
template <class Op>
std::unique_ptr<Kernel> make_test(const Description& desc, double first = 0, double second = 0) {
  require_test(desc, 1);
  return visit_dtype<kFloatTypes>(desc.name(), desc.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using T = typename decltype(type)::type;
                                    return std::make_unique<ElementwiseKernel<1>>(
                                        desc, elementwise_loop<Op, uint8_t, T>(), first, second);
                                  });
}

std::unique_ptr<Kernel> create_is_nan(const Description& desc) { return make_test<IsNaN>(desc); }

std::unique_ptr<Kernel> create_is_inf(const Description& desc) {
  const auto [negative, positive] = elementwise_numbers(desc);
  return make_test<IsInf>(desc, negative, positive);
}

}  // namespace

std::span<const OperatorEntry> unary_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kNeg, kNumericTypes, kUnary<Neg, kNumericTypes>},
      {op::kAbs, kNumericTypes, kUnary<Abs, kNumericTypes>},
      {op::kSign, kNumericTypes, kUnary<Sign, kNumericTypes>},
      {op::kSqrt, kFloatTypes, kUnary<Sqrt, kFloatTypes>},
      {op::kReciprocal, kFloatTypes, kUnary<Reciprocal, kFloatTypes>},
      {op::kTenonRsqrt, kFloatTypes, kUnary<Rsqrt, kFloatTypes>},
      {op::kRelu, kNumericTypes, kUnary<Relu, kNumericTypes>},
      {op::kLeakyRelu, kFloatTypes, create_leaky_relu},
      {op::kHardSigmoid, kFloatTypes, create_hard_sigmoid},
      {op::kHardSwish, kFloatTypes, kUnary<HardSwish, kFloatTypes>},
      {op::kSoftsign, kFloatTypes, kUnary<Softsign, kFloatTypes>},
      {op::kFloor, kFloatTypes, kUnary<Floor, kFloatTypes>},
      {op::kCeil, kFloatTypes, kUnary<Ceil, kFloatTypes>},
      {op::kRound, kFloatTypes, kUnary<Round, kFloatTypes>},
      {op::kNot, kBoolType, create_not},
      {op::kIsNaN, kFloatTypes, create_is_nan},
      {op::kIsInf, kFloatTypes, create_is_inf},
  };
  return kEntries;
}

}  // namespace tenon::cpu
