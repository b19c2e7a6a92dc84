// SPDX-License-Identifier: Apache-2.0
//
// Activations with parameters of their own: bent, shrunk, or with a slope that is an input.
#include <cmath>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/vector_math.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::cpu {
namespace {

struct Celu {
  static constexpr bool kHeavy = true;
  explicit Celu(const double* a) : alpha(a[0]) {}
  template <class C>
  TENON_INLINE C operator()(C x) const {
    const C below = static_cast<C>(alpha) * vm::expm1(x / static_cast<C>(alpha));
    return x < 0 ? below : x;
  }
  double alpha;
};

struct Selu {
  static constexpr bool kHeavy = true;
  explicit Selu(const double* a) : alpha(a[0]), gamma(a[1]) {}
  template <class C>
  TENON_INLINE C operator()(C x) const {
    const C below = static_cast<C>(alpha) * vm::expm1(x);
    return static_cast<C>(gamma) * (x < 0 ? below : x);
  }
  double alpha, gamma;
};

struct Swish {
  static constexpr bool kHeavy = true;
  explicit Swish(const double* a) : alpha(a[0]) {}
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return x * vm::sigmoid(static_cast<C>(alpha) * x);
  }
  double alpha;
};

struct ThresholdedRelu {
  explicit ThresholdedRelu(const double* a) : alpha(a[0]) {}
  template <class C>
  TENON_INLINE C operator()(C x) const {
    return x > static_cast<C>(alpha) ? x : C(0);
  }
  double alpha;
};

// Of integers: x > lambd where x > floor(lambd), and the sum with bias is that with floor(bias),
// rounded towards zero where there is a rest. Whole numbers that unsigned ones may not hold.
struct Shrink {
  explicit Shrink(const double* a) : lambd(a[0]), bias(a[1]) {}
  template <class C>
  TENON_INLINE C operator()(C x) const {
    if constexpr (std::is_integral_v<C>) {
      using W = std::conditional_t<sizeof(C) == 8, uint64_t, uint32_t>;
      const int64_t limit = whole(lambd);
      const int64_t step = whole(bias);
      const bool rest = static_cast<double>(step) < bias;
      const W carry_up = rest && std::cmp_less(x, -step) ? 1 : 0;
      const W carry_down = rest && std::cmp_greater(x, step) ? 1 : 0;
      const C up = static_cast<C>(static_cast<W>(x) + static_cast<W>(step) + carry_up);
      const C down = static_cast<C>(static_cast<W>(x) - static_cast<W>(step) - carry_down);
      return std::cmp_less(x, -limit) ? up : std::cmp_greater(x, limit) ? down : C(0);
    } else {
      const C limit = static_cast<C>(lambd), step = static_cast<C>(bias);
      return x < -limit ? x + step : x > limit ? x - step : C(0);
    }
  }
  // Rounded down, in the middle of what an int64 holds.
  static TENON_INLINE int64_t whole(double x) {
    return static_cast<int64_t>(std::floor(std::fmax(-0x1p62, std::fmin(x, 0x1p62))));
  }
  double lambd, bias;
};

// NaN is not below 0.
struct PRelu {
  template <class C>
  TENON_INLINE C operator()(C x, C slope) const {
    if constexpr (std::is_integral_v<C>) {
      using W = std::conditional_t<sizeof(C) == 8, uint64_t, uint32_t>;
      return x < 0 ? static_cast<C>(static_cast<W>(x) * static_cast<W>(slope)) : x;
    } else {
      return x < 0 ? x * slope : x;
    }
  }
};

template <class Op, uint64_t Mask>
std::unique_ptr<Kernel> create_of_numbers(const Description& desc) {
  const auto [first, second] = elementwise_numbers(desc);
  return make_elementwise<Op, 1, Mask>(desc, first, second);
}

}  // namespace

std::span<const OperatorEntry> activation_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kCelu, kFloatTypes, create_of_numbers<Celu, kFloatTypes>},
      {op::kSelu, kFloatTypes, create_of_numbers<Selu, kFloatTypes>},
      {op::kSwish, kFloatTypes, create_of_numbers<Swish, kFloatTypes>},
      {op::kThresholdedRelu, kFloatTypes, create_of_numbers<ThresholdedRelu, kFloatTypes>},
      {op::kShrink, kNumericTypes, create_of_numbers<Shrink, kNumericTypes>},
      {op::kPRelu, kNumericTypes, create_elementwise<PRelu, 2, kNumericTypes>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
