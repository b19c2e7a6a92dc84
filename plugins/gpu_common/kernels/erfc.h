// erfc in float alone: the reference device takes its square in double (vector_math.h).
#include "float_math.h"

// erfc(x + rest), with |rest| below a unit in x's last place. The square of x, whose error would be
// multiplied by x^2, is taken in two parts.
DEVICE float erfc_two_parts(float x, float rest) {
  const float whole = fabs(x);
  const float a = whole < 10.0625f ? whole : 10.0625f;
  const float low = whole < 10.0625f ? (x < 0.0f ? -rest : rest) : 0.0f;
  const float square = a * a;
  const float square_low = fma(a, a, -square) + 2.0f * a * low;
  const float e = exp_f32(-square);
  float r = erfc_scaled(a) * (e - e * square_low);
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
