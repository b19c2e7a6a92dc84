// SPDX-License-Identifier: Apache-2.0
//
// Division, remainders and powers: operators whose integer forms can fail or need care of their
// own.
#include <cmath>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/vector_math.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::cpu {
namespace {

[[noreturn, gnu::noinline, gnu::cold]] void throw_zero_divisor(const char* op) {
  throw_invalid(op, "an integer divisor is 0");
}

// a / b towards zero. The smallest integer divided by -1 wraps; the processor would trap.
template <class C>
TENON_INLINE C quotient(const char* op, C a, C b) {
  if (b == 0) [[unlikely]]
    throw_zero_divisor(op);
  if constexpr (std::is_signed_v<C>) {
    if (b == -1) return static_cast<C>(0 - static_cast<std::make_unsigned_t<C>>(a));
  }
  return static_cast<C>(a / b);
}

// a - b * quotient.
template <class C>
TENON_INLINE C remainder(const char* op, C a, C b) {
  if (b == 0) [[unlikely]]
    throw_zero_divisor(op);
  if constexpr (std::is_signed_v<C>) {
    if (b == -1) return 0;
  }
  return static_cast<C>(a % b);
}

template <class C>
TENON_INLINE C float_remainder(C a, C b) {
  return vm::arithmetic(std::fmod(vm::arithmetic(a), vm::arithmetic(b)));
}

struct Div {
  template <class C>
  TENON_INLINE C operator()(C a, C b) const {
    if constexpr (std::is_integral_v<C>) {
      return quotient("Div", a, b);
    } else {
      return a / b;
    }
  }
};

struct FloorDiv {
  template <class C>
  TENON_INLINE C operator()(C a, C b) const {
    if constexpr (std::is_integral_v<C>) {
      const C q = quotient("FloorDiv", a, b);
      if constexpr (std::is_signed_v<C>) {
        if (b != -1 && a % b != 0 && (a < 0) != (b < 0)) return static_cast<C>(q - 1);
      }
      return q;
    } else {
      // floor(a / b) of the exact quotient: the rounded one may have reached the next integer
      // (1 / 0.1f is above 9.99 and below 10, but rounds to 10).
      if (b == 0) return a / b;
      const C r = float_remainder(a, b);
      C q = (a - r) / b;
      if (r != 0 && (r < 0) != (b < 0)) q -= 1;
      if (q == 0) return std::copysign(C(0), a / b);
      const C whole = std::floor(q);
      return q - whole > C(0.5) ? whole + 1 : whole;
    }
  }
};

// The sign of the divisor (Python).
struct ModFloor {
  template <class C>
  TENON_INLINE C operator()(C a, C b) const {
    C r;
    if constexpr (std::is_integral_v<C>) {
      r = remainder("Mod", a, b);
    } else {
      r = float_remainder(a, b);
    }
    return r != 0 && (r < 0) != (b < 0) ? static_cast<C>(r + b) : r;
  }
};

// The sign of the dividend (C).
struct ModTruncate {
  template <class C>
  TENON_INLINE C operator()(C a, C b) const {
    if constexpr (std::is_integral_v<C>) {
      return remainder("Mod", a, b);
    } else {
      return float_remainder(a, b);
    }
  }
};

std::unique_ptr<Kernel> create_mod(const Description& desc) {
  if (is_truncated_mod(desc)) return make_elementwise<ModTruncate, 2, kNumericTypes>(desc);
  return make_elementwise<ModFloor, 2, kNumericTypes>(desc);
}

// Integers to integer powers wrap; a negative power of anything but 1 and -1 truncates to 0.
template <class C>
TENON_INLINE C integer_power(C x, int64_t y) {
  if (y < 0) {
    if (x == 1) return 1;
    if constexpr (std::is_signed_v<C>) {
      if (x == -1) return y % 2 ? C(-1) : C(1);
    }
    return 0;
  }
  uint64_t result = 1, factor = static_cast<uint64_t>(x);
  for (; y > 0; y >>= 1, factor *= factor)
    if (y & 1) result *= factor;
  return static_cast<C>(result);
}

template <class C, class Y>
TENON_INLINE C power(C x, Y y) {
  if constexpr (std::is_integral_v<C> && std::is_integral_v<Y>) {
    return integer_power(x, static_cast<int64_t>(y));
  } else if constexpr (std::is_integral_v<C> || sizeof(Y) > sizeof(C)) {
    return static_cast<C>(std::pow(static_cast<double>(x), static_cast<double>(y)));
  } else {
    return vm::arithmetic(std::pow(vm::arithmetic(x), vm::arithmetic(static_cast<C>(y))));
  }
}

struct Pow {
  static constexpr bool kHeavy = true;
  template <class C>
  TENON_INLINE C operator()(C x, C y) const {
    return power(x, y);
  }
};

struct Square {
  template <class C>
  TENON_INLINE C operator()(C x, C) const {
    return x * x;
  }
};

// Squares are by far the most common power; they are exact to one rounding as products.
template <class T>
void float_power(const double* attributes, std::byte* const* pointers, const int64_t* strides,
                 int64_t count) {
  static const ElementwiseLoop square = elementwise_loop<Square, T, T, T>();
  static const ElementwiseLoop any = elementwise_loop<Pow, T, T, T>();
  const bool is_square = strides[2] == 0 && load(*reinterpret_cast<const T*>(pointers[2])) == 2;
  (is_square ? square : any)(attributes, pointers, strides, count);
}

// Powers of another type are read one at a time: as int64 if they are integers, else as double. The
// first attribute is their type.
template <class T>
void mixed_power(const double* attributes, std::byte* const* pointers, const int64_t* strides,
                 int64_t count) {
  visit_dtype<kNumericTypes>("Pow", static_cast<tn_dtype>(attributes[0]), [&](auto type) {
    using Y = typename decltype(type)::type;
    using Wide = std::conditional_t<std::is_integral_v<Y>, int64_t, double>;
    for (int64_t i = 0; i < count; ++i) {
      const T x = *reinterpret_cast<const T*>(pointers[1] + i * strides[1]);
      const Y y = *reinterpret_cast<const Y*>(pointers[2] + i * strides[2]);
      *reinterpret_cast<T*>(pointers[0] + i * strides[0]) =
          store<T>(power(load(x), static_cast<Wide>(load(y))));
    }
  });
}

std::unique_ptr<Kernel> create_pow(const Description& desc) {
  require_inputs(desc, 2);
  require_output(desc, desc.input_dtype(0));
  const tn_dtype exponent = desc.input_dtype(1);
  if (!(kNumericTypes & dtype_bit(exponent))) throw_unsupported_dtype(desc.name(), exponent);
  return visit_dtype<kNumericTypes>(desc.name(), desc.input_dtype(0),
                                    [&](auto type) -> std::unique_ptr<Kernel> {
                                      using T = typename decltype(type)::type;
                                      ElementwiseLoop loop = mixed_power<T>;
                                      if (exponent == desc.input_dtype(0)) {
                                        if constexpr (kIsFloat<T>) {
                                          loop = float_power<T>;
                                        } else {
                                          loop = elementwise_loop<Pow, T, T, T>();
                                        }
                                      }
                                      return std::make_unique<ElementwiseKernel<2>>(
                                          desc, loop, exponent, 0, kElementwiseGrain / 8);
                                    });
}

}  // namespace

std::span<const OperatorEntry> division_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kDiv, kNumericTypes, create_elementwise<Div, 2, kNumericTypes>},
      {op::kPow, kNumericTypes, create_pow},
      {op::kMod, kNumericTypes, create_mod},
      {op::kTenonFloorDiv, kNumericTypes, create_elementwise<FloorDiv, 2, kNumericTypes>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
