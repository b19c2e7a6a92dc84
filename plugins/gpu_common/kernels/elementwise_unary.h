// What rows of elementwise_rows.h call, of one input in C, the type that the operator computes in.

#define C COMPUTE(TC)

#if FLOAT_BITS(TC) == 0

DEVICE C negative(C x) { return (C)((WRAPPING(TC))0 - (WRAPPING(TC))x); }
DEVICE C absolute(C x) { return x < (C)0 ? negative(x) : x; }
DEVICE long rounded_down(float x) {
  const long whole = (long)x;
  return whole - (x < (float)whole ? 1 : 0);
}
DEVICE int is_above(C x, long limit) {
#if INTEGER_BITS(TC) == 64
  return limit < 0 || x > (ulong)limit;
#else
  return (long)x > limit;
#endif
}
DEVICE int is_below(C x, long limit) {
#if INTEGER_BITS(TC) == 64
  return limit > 0 && x < (ulong)limit;
#else
  return (long)x < limit;
#endif
}
// The sum is rounded towards zero: from below where it is negative, and there is a rest.
DEVICE C shrunk(C x, float lambd, float bias) {
  const long limit = rounded_down(lambd);
  const long step = rounded_down(bias);
  const int rest = (float)step < bias;
  const WRAPPING(TC) value = (WRAPPING(TC))x;
  if (is_below(x, -limit))
    return (C)(value + (WRAPPING(TC))step + (WRAPPING(TC))(rest & is_below(x, -step)));
  if (!is_above(x, limit)) return (C)0;
  return (C)(value - (WRAPPING(TC))step - (WRAPPING(TC))(rest & is_above(x, step)));
}

#else

#if FLOAT_BITS(TC) == 32
#define EXP exp_f32
#define EXPM1 expm1_f32
#define LOG log_f32
#define LOG1P_POSITIVE log1p_positive_f32
#define TANH tanh_f32
#define SIGMOID sigmoid_f32
#define ERF erf_f32
#define ERFC erfc_f32
#define NORMAL_CDF normal_cdf_f32
#define NUMBER(x) x##f
#else
DEVICE double sigmoid_f64(double x) {
  const double e = exp(-fabs(x));
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
}
DEVICE double normal_cdf_f64(double x) { return 0.5 * erfc(x * -0.70710678118654752440); }
#define EXP exp
#define EXPM1 expm1
#define LOG log
#define LOG1P_POSITIVE log1p
#define TANH tanh
#define SIGMOID sigmoid_f64
#define ERF erf
#define ERFC erfc
#define NORMAL_CDF normal_cdf_f64
#define NUMBER(x) x
#endif

// x as arithmetic takes it: for functions that look at bits, and what comes from them.
#ifdef FLUSH_SUBNORMALS
#if FLOAT_BITS(TC) == 32
#define LEAST_NORMAL 1.17549435e-38f
#else
#define LEAST_NORMAL 2.2250738585072014e-308
#endif
#define ARITHMETIC(x) flushed(x)
DEVICE C flushed(C x) { return fabs(x) < LEAST_NORMAL ? copysign((C)0, x) : x; }
#else
#define ARITHMETIC(x) (x)
#endif

DEVICE C negative(C x) { return -x; }
DEVICE C absolute(C x) { return fabs(x); }
DEVICE C softplus(C x) { return (x < (C)0 ? (C)0 : x) + LOG1P_POSITIVE(EXP(-fabs(x))); }
DEVICE C gelu_inner(C x) {
  return NUMBER(0.79788456080286535588) * (x + NUMBER(0.044715) * x * x * x);
}
DEVICE C clamp_to_unit(C x) {
  x = x < (C)0 ? (C)0 : x;
  return x > (C)1 ? (C)1 : x;
}
DEVICE C elu(C x, C alpha) {
  const C below = alpha * EXPM1(x);
  return x < (C)0 ? below : x;
}
DEVICE C celu(C x, C alpha) {
  const C below = alpha * EXPM1(x / alpha);
  return x < (C)0 ? below : x;
}
DEVICE C shrunk(C x, C lambd, C bias) {
  return x < -lambd ? x + bias : x > lambd ? x - bias : (C)0;
}
DEVICE uchar is_infinite(C x, int negative, int positive) {
  return (positive & (x == (C)INFINITY)) | (negative & (x == (C)-INFINITY));
}

#endif

// ---- Cast: from C to the type of T0 ----

#if FLOAT_BITS(TC) == 0 || INTEGER_BITS(T0) == 1 || FLOAT_BITS(T0) != 0

DEVICE COMPUTE(T0) converted(C x) {
#if INTEGER_BITS(T0) == 1
  return x != (C)0;
#elif FLOAT_BITS(TC) == 64 && defined(ROUND_TO_ODD)
  // To a 16-bit float by way of float: inexact values are rounded to odd, so that the second
  // rounding gives what one alone would.
  const float f = (float)x;
  if ((double)f == x || x != x) return f;
  const uint bits = as_uint(f);
  return as_float((fabs((double)f) > fabs(x) ? bits - 1u : bits) | 1u);
#else
  return (COMPUTE(T0))x;
#endif
}

#else

// Truncates; what does not fit becomes the lowest number, as in the reference device. Small types
// go by way of int and wrap.
DEVICE int truncate_to_int(C x) {
  return x >= (C)-2147483648.0f && x < (C)2147483648.0f ? (int)x : (int)0x80000000u;
}
DEVICE long truncate_to_long(C x) {
  return x >= (C)-9223372036854775808.0f && x < (C)9223372036854775808.0f
             ? (long)x
             : (long)0x8000000000000000UL;
}
DEVICE ulong truncate_to_ulong(C x) {
  return x > (C)-1 && x < (C)18446744073709551616.0f ? (ulong)x : (ulong)truncate_to_long(x);
}
DEVICE COMPUTE(T0) converted(C x) {
#if INTEGER_BITS(T0) == -64
  return truncate_to_long(x);
#elif INTEGER_BITS(T0) == 64
  return truncate_to_ulong(x);
#elif INTEGER_BITS(T0) == 32
  return x > (C)-1 && x < (C)4294967296.0f ? (uint)x : (uint)truncate_to_long(x);
#else
  return (COMPUTE(T0))truncate_to_int(x);
#endif
}

#endif
