// SPDX-License-Identifier: Apache-2.0
//
// Transcendental functions of float without branches or calls, so that loops over them vectorize on
// processors. Errors stay within about 2 units in the last place (the reference device's
// kernels_vector_math_test measures them).
//
// One text for C++ and for the compilers of GPUs, in what C++, OpenCL C and CUDA have in common.
// Who includes it defines DEVICE, what stands in front of a function, as_float(), as_int() and
// as_uint() (the same bits as another type), and fabs, copysign and fma of float.

#define ROUND_TO_INTEGER 12582912.0f  // 1.5 * 2^23: adding it rounds to integers.

// exp(r) - 1 for |r| <= ln(2) / 2.
DEVICE float expm1_reduced(float r) {
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * (r * r) + r;
}

// y * 2^n with n in [-252, 254]: two factors, so that the result may be subnormal or infinite.
DEVICE float scale_by_power(float y, int n) {
  const int half_n = n >> 1;
  return y * as_float((uint)(half_n + 127) << 23) * as_float((uint)(n - half_n + 127) << 23);
}

DEVICE float exp_f32(float x) {
  float c = x < -104.0f ? -104.0f : x;
  c = c > 89.0f ? 89.0f : c;
  const float shifted = c * 1.44269504088896341f + ROUND_TO_INTEGER;
  const float n = shifted - ROUND_TO_INTEGER;
  const int k = as_int(shifted) - as_int(ROUND_TO_INTEGER);
  const float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
  return scale_by_power(expm1_reduced(r) + 1.0f, k);
}

DEVICE float expm1_f32(float x) {
  const float near = expm1_reduced(x), far = exp_f32(x) - 1.0f;
  return fabs(x) < 0.34657359f ? near : far;
}

DEVICE float log_f32(float x) {
  const int tiny = x < 1.17549435e-38f;
  const uint bits = as_uint(tiny ? x * 8388608.0f : x);
  // m in [sqrt(1/2), sqrt(2)), x = m * 2^e.
  const uint shifted = bits - 0x3F3504F3u;
  const int e = (as_int(shifted) >> 23) - (tiny ? 23 : 0);
  const float f = as_float((shifted & 0x007FFFFFu) + 0x3F3504F3u) - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const float z = f * f, n = (float)e;
  float y = f * z * p + n * -2.12194440e-4f;
  y = f + (y - 0.5f * z) + n * 0.693359375f;
  y = x == INFINITY ? INFINITY : y;
  y = x == 0.0f ? -INFINITY : y;
  return x >= 0.0f ? y : NAN;
}

// log(1 + x) for x >= 0.
DEVICE float log1p_positive_f32(float x) {
  const float u = 1.0f + x;
  return log_f32(u) + (x - (u - 1.0f)) / u;
}

DEVICE float tanh_f32(float x) {
  const float a = fabs(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = p * z * a + a;
  const float far = 1.0f - 2.0f / (exp_f32(a + a) + 1.0f);
  return copysign(a < 0.625f ? near : far, x);
}

DEVICE float sigmoid_f32(float x) {
  const float e = exp_f32(-fabs(x));
  const float s = 1.0f / (1.0f + e);
  return x < 0.0f ? e * s : s;
}

DEVICE float erf_f32(float x) {
  const float a = fabs(x), s = x * x;
  // 1 - exp(polynomial of |x|) far from 0, an odd polynomial near it (after N. Juffa).
  float far = -1.72853470e-5f * a + 3.83197126e-4f;
  far = far * s + (-3.88396438e-3f * a + 2.42546219e-2f);
  far = far * a - 1.06777877e-1f;
  far = far * a - 6.34846687e-1f;
  far = far * a - 1.28717512e-1f;
  far = far * a - a;
  far = copysign(a > 4.0f ? 1.0f : 1.0f - exp_f32(far), x);
  float near = -5.96761703e-4f;
  near = near * s + 4.99119423e-3f;
  near = near * s - 2.67681349e-2f;
  near = near * s + 1.12819925e-1f;
  near = near * s - 3.76125336e-1f;
  near = near * s + 1.28379166e-1f;
  near = near * x + x;
  return a > 0.927734375f ? far : near;
}

// (1 + 2a) exp(a^2) erfc(a) - 1 is a polynomial in q = (a - 2) / (a + 2) (after N. Juffa), for a in
// [0, 10.0625]; this is all of it but the last step, p * q + 0.276978403.
DEVICE float erfc_polynomial(float q) {
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
  return p * q - 9.27637145e-2f;
}

// exp(a^2) erfc(a) for a in [0, 10.0625].
DEVICE float erfc_scaled(float a) {
  const float q = (a - 2.0f) / (a + 2.0f);
  const float p = erfc_polynomial(q) * q + 2.76978403e-1f;
  return (p + 1.0f) / (1.0f + 2.0f * a);
}
