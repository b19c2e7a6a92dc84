// SPDX-License-Identifier: Apache-2.0
//
// Transcendental functions by which loops vectorize: those of float are device/portable's, or here
// where they take more than float; the overloads for double are the C library's.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu::vm {

inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// x as arithmetic takes it: 0 of its sign where it is subnormal and the processor is set so
// (subnormals.h). For what goes to functions of the C library, which look at bits, and comes from
// them.
template <class C>
TENON_INLINE C arithmetic(C x) {
  C one = 1;
  asm("" : "+m"(one));  // A product that the compiler does not see through.
  return x * one;
}

// A condition picks one of two values that are both computed.
TENON_INLINE float pick(bool condition, float yes, float no) { return condition ? yes : no; }

// The functions that GPUs compute with, too.
namespace portable {
using std::copysign, std::fabs, std::fma;
using uint = uint32_t;
TENON_INLINE float as_float(uint bits) { return std::bit_cast<float>(bits); }
TENON_INLINE int as_int(float x) { return std::bit_cast<int>(x); }
TENON_INLINE int as_int(uint x) { return static_cast<int>(x); }
TENON_INLINE uint as_uint(float x) { return std::bit_cast<uint>(x); }
#define DEVICE TENON_INLINE
#include "reference_impl/device/portable/float_math.h"
#undef DEVICE
#undef ROUND_TO_INTEGER
}  // namespace portable

TENON_INLINE float exp(float x) { return portable::exp_f32(x); }
TENON_INLINE double exp(double x) { return std::exp(arithmetic(x)); }

// exp(x) of an argument more precise than float, for x in [-104, 89].
TENON_INLINE float exp_wide(double x) {
  const double shifted = x * 1.4426950408889634 + 6755399441055744.0;
  const double n = shifted - 6755399441055744.0;
  const float r = static_cast<float>(x - n * 0.6931471805599453);
  return portable::scale_by_power(portable::expm1_reduced(r) + 1.0f, static_cast<int32_t>(n));
}

TENON_INLINE float expm1(float x) { return portable::expm1_f32(x); }
TENON_INLINE double expm1(double x) { return std::expm1(arithmetic(x)); }

TENON_INLINE float log(float x) { return portable::log_f32(x); }
TENON_INLINE double log(double x) { return std::log(arithmetic(x)); }

// log(1 + x) for x >= 0.
TENON_INLINE float log1p_positive(float x) { return portable::log1p_positive_f32(x); }
TENON_INLINE double log1p_positive(double x) { return std::log1p(arithmetic(x)); }

TENON_INLINE float tanh(float x) { return portable::tanh_f32(x); }
TENON_INLINE double tanh(double x) { return std::tanh(arithmetic(x)); }

TENON_INLINE float sigmoid(float x) { return portable::sigmoid_f32(x); }
TENON_INLINE double sigmoid(double x) {
  const double e = exp(-std::fabs(x));
  const double s = 1 / (1 + e);
  return x < 0 ? e * s : s;
}

TENON_INLINE float erf(float x) { return portable::erf_f32(x); }
TENON_INLINE double erf(double x) { return std::erf(arithmetic(x)); }

// erfc of an argument more precise than float.
TENON_INLINE float erfc_wide(double x) {
  const double wide = std::fabs(x) < 10.06 ? std::fabs(x) : 10.06;
  const float a = static_cast<float>(wide);
  const float q = (a - 2.0f) / (a + 2.0f);
  // Near 0 what is left of p + 1 is what p has cancelled: more digits for the last step. The square
  // is taken in double, too: an error in it would be multiplied by a^2.
  const double last = static_cast<double>(portable::erfc_polynomial(q)) * q + 1.276978403;
  float r = static_cast<float>(last / (1.0 + 2.0 * wide)) * exp_wide(-wide * wide);
  r = pick(a > 10.0546875f, 0.0f, r);
  r = pick(x < 0.0, 2.0f - r, r);
  return pick(x == x, r, kNaN);
}
TENON_INLINE float erfc(float x) { return erfc_wide(x); }
TENON_INLINE double erfc(double x) { return std::erfc(arithmetic(x)); }

// The normal distribution's cumulative probability and density, for Gelu. x^2 of float is taken in
// two parts, the first of which is exact: an error in it would be multiplied by x^2.
TENON_INLINE float normal_cdf(float x) {
  const float a = std::fabs(x) < 14.2f ? std::fabs(x) : 14.2f;
  const float high = portable::as_float(portable::as_uint(a) & 0xFFFFF000u);
  const float low = -0.5f * ((a - high) * (a + high));
  // exp(low) for low in [-0.1, 0].
  float p = 0.5f + low * (1.6666667e-1f + low * 4.1666668e-2f);
  p = 1.0f + low * (1.0f + low * p);
  const float density = portable::exp_f32(-0.5f * (high * high)) * p;
  const float tail = 0.5f * portable::erfc_scaled(a * 0.70710678f) * density;
  return pick(x == x, pick(x < 0.0f, tail, 1.0f - tail), kNaN);
}
TENON_INLINE double normal_cdf(double x) { return 0.5 * std::erfc(x * -0.70710678118654752440); }
template <class C>
TENON_INLINE C normal_pdf(C x) {
  return C(0.39894228040143267794) * exp(C(-0.5) * x * x);
}

// Gelu's tanh approximation is x * sigmoid(2 u).
template <class C>
TENON_INLINE C gelu_inner(C x) {
  return C(0.79788456080286535588) * (x + C(0.044715) * x * x * x);
}

}  // namespace tenon::cpu::vm
