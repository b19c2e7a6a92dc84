// Transcendental functions of float without branches or calls, so that loops over them vectorize on
// processors. Errors stay within about 2 units in the last place. They are those of the reference
// device's vector_math.h; its comments say more.

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

// y * 2^n for n in [-252, 254].
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

// erfc(x + rest), with |rest| below a unit in x's last place. The square of x, whose error would be
// multiplied by x^2, is taken in two parts.
DEVICE float erfc_two_parts(float x, float rest) {
  const float whole = fabs(x);
  const float a = whole < 10.0625f ? whole : 10.0625f;
  const float low = whole < 10.0625f ? (x < 0.0f ? -rest : rest) : 0.0f;
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
  p = p * q + 2.76978403e-1f;
  const float square = a * a;
  const float square_low = fma(a, a, -square) + 2.0f * a * low;
  const float e = exp_f32(-square);
  float r = (p + 1.0f) / (1.0f + 2.0f * a) * (e - e * square_low);
  r = a > 10.0546875f ? 0.0f : r;
  r = x < 0.0f ? 2.0f - r : r;
  return x == x ? r : NAN;
}
DEVICE float erfc_f32(float x) { return erfc_two_parts(x, 0.0f); }

// The normal distribution's cumulative probability: erfc(-x / sqrt(2)) / 2.
DEVICE float normal_cdf_f32(float x) {
  const float a = x * -0.70710678118654752440f;
  const float rest = fma(x, -0.70710678118654752440f, -a) + x * -1.21016172e-8f;
  return 0.5f * erfc_two_parts(a, x == x && fabs(x) < 1e30f ? rest : 0.0f);
}
