// SPDX-License-Identifier: Apache-2.0
//
// Transcendental functions of float without branches or calls, so that loops over them vectorize.
// Errors stay within about 2 units in the last place (kernels_vector_math_test measures them); the
// overloads for double are the C library's.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu::vm {

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kRoundToInteger = 12582912.0f;  // 1.5 * 2^23: adding it rounds to integers.

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

// 2^n for n in [-126, 127].
TENON_INLINE float power_of_two(int32_t n) {
  return std::bit_cast<float>(static_cast<uint32_t>(n + 127) << 23);
}

// exp(r) - 1 for |r| <= ln(2) / 2.
TENON_INLINE float expm1_reduced(float r) {
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * (r * r) + r;
}

// y * 2^n with n in [-252, 254]: two factors, so that the result may be subnormal or infinite.
TENON_INLINE float scale(float y, int32_t n) {
  const int32_t half = n >> 1;
  return y * power_of_two(half) * power_of_two(n - half);
}

TENON_INLINE float exp(float x) {
  float c = pick(x < -104.0f, -104.0f, x);
  c = pick(c > 89.0f, 89.0f, c);
  const float shifted = c * 1.44269504088896341f + kRoundToInteger;
  const float n = shifted - kRoundToInteger;
  const int32_t k = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRoundToInteger);
  const float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
  return scale(expm1_reduced(r) + 1.0f, k);
}
TENON_INLINE double exp(double x) { return std::exp(arithmetic(x)); }

// exp(x) of an argument more precise than float, for x in [-104, 89].
TENON_INLINE float exp_wide(double x) {
  const double shifted = x * 1.4426950408889634 + 6755399441055744.0;
  const double n = shifted - 6755399441055744.0;
  const float r = static_cast<float>(x - n * 0.6931471805599453);
  return scale(expm1_reduced(r) + 1.0f, static_cast<int32_t>(n));
}

TENON_INLINE float expm1(float x) {
  return pick(std::fabs(x) < 0.34657359f, expm1_reduced(x), exp(x) - 1.0f);
}
TENON_INLINE double expm1(double x) { return std::expm1(arithmetic(x)); }

TENON_INLINE float log(float x) {
  const bool tiny = x < 1.17549435e-38f;
  const uint32_t bits = std::bit_cast<uint32_t>(tiny ? x * 8388608.0f : x);
  // m in [sqrt(1/2), sqrt(2)), x = m * 2^e.
  const uint32_t shifted = bits - 0x3F3504F3u;
  const int32_t e = (static_cast<int32_t>(shifted) >> 23) - (tiny ? 23 : 0);
  const float f = std::bit_cast<float>((shifted & 0x007FFFFFu) + 0x3F3504F3u) - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const float z = f * f, n = static_cast<float>(e);
  float y = f * z * p + n * -2.12194440e-4f;
  y = f + (y - 0.5f * z) + n * 0.693359375f;
  y = pick(x == kInf, kInf, y);
  y = pick(x == 0.0f, -kInf, y);
  return pick(x >= 0.0f, y, kNaN);
}
TENON_INLINE double log(double x) { return std::log(arithmetic(x)); }

// log(1 + x) for x >= 0.
TENON_INLINE float log1p_positive(float x) {
  const float u = 1.0f + x;
  return log(u) + (x - (u - 1.0f)) / u;
}
TENON_INLINE double log1p_positive(double x) { return std::log1p(arithmetic(x)); }

TENON_INLINE float tanh(float x) {
  const float a = std::fabs(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = p * z * a + a;
  const float far = 1.0f - 2.0f / (exp(a + a) + 1.0f);
  return std::copysign(pick(a < 0.625f, near, far), x);
}
TENON_INLINE double tanh(double x) { return std::tanh(arithmetic(x)); }

template <class C>
TENON_INLINE C sigmoid(C x) {
  const C e = exp(-std::fabs(x));
  const C s = 1 / (1 + e);
  return x < 0 ? e * s : s;
}

TENON_INLINE float erf(float x) {
  const float a = std::fabs(x), s = x * x;
  // 1 - exp(polynomial of |x|) far from 0, an odd polynomial near it (after N. Juffa).
  float far = -1.72853470e-5f * a + 3.83197126e-4f;
  far = far * s + (-3.88396438e-3f * a + 2.42546219e-2f);
  far = far * a - 1.06777877e-1f;
  far = far * a - 6.34846687e-1f;
  far = far * a - 1.28717512e-1f;
  far = far * a - a;
  far = std::copysign(pick(a > 4.0f, 1.0f, 1.0f - exp(far)), x);
  float near = -5.96761703e-4f;
  near = near * s + 4.99119423e-3f;
  near = near * s - 2.67681349e-2f;
  near = near * s + 1.12819925e-1f;
  near = near * s - 3.76125336e-1f;
  near = near * s + 1.28379166e-1f;
  near = near * x + x;
  return pick(a > 0.927734375f, far, near);
}
TENON_INLINE double erf(double x) { return std::erf(arithmetic(x)); }

// erfc of an argument more precise than float.
TENON_INLINE float erfc_wide(double x) {
  const double wide = std::fabs(x) < 10.06 ? std::fabs(x) : 10.06;
  const float a = static_cast<float>(wide);
  // (1 + 2a) exp(a^2) erfc(a) - 1 is a polynomial in (a - 2) / (a + 2) (after N. Juffa). The square
  // is taken in double: an error in it would be multiplied by a^2.
  const float q = (a - 2.0f) / (a + 2.0f);
  float p = 5.92470169e-5f;
  p = p * q + 1.61224554e-4f;
  p = p * q - 3.46481771e-4f;
  p = p * q - 1.39681227e-3f;
  p = p * q + 1.20588380e-3f;
  p = p * q + 8.69014394e-3f;
  p = p * q - 8.01387429e-3f;
  p = p * q - 5.42122945e-2f;
  p = p * q + 1.64048523e-1f;
  p = p * q - 1.66031078e-1f;
  p = p * q - 9.27637145e-2f;
  // Near 0 what is left of p + 1 is what p has cancelled: more digits for the last step.
  const double last = static_cast<double>(p) * q + 1.276978403;
  float r = static_cast<float>(last / (1.0 + 2.0 * wide)) * exp_wide(-wide * wide);
  r = pick(a > 10.0546875f, 0.0f, r);
  r = pick(x < 0.0, 2.0f - r, r);
  return pick(x == x, r, kNaN);
}
TENON_INLINE float erfc(float x) { return erfc_wide(x); }
TENON_INLINE double erfc(double x) { return std::erfc(arithmetic(x)); }

// The normal distribution's cumulative probability and density, for Gelu.
TENON_INLINE float normal_cdf(float x) { return 0.5f * erfc_wide(x * -0.70710678118654752440); }
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
