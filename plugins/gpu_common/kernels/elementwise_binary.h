// What rows of elementwise_rows.h call, of two inputs in C.

#define W WRAPPING(TC)

#if FLOAT_BITS(TC) == 0

// A zero divisor fails the launch; -1 is apart because the lowest number has no negative.
#define BY_ZERO(b) (b == (C)0)
#if INTEGER_BITS(TC) < 0
#define BY_MINUS_ONE(b) (b == (C)-1)
#else
#define BY_MINUS_ONE(b) 0
#endif

#ifdef CAN_FAIL
DEVICE C quotient(C a, C b, FAULT(fault)) {
  if (BY_ZERO(b)) {
    RAISE(fault, FAULT_DIVISION_BY_ZERO);
    return (C)0;
  }
  return BY_MINUS_ONE(b) ? (C)((W)0 - (W)a) : (C)(a / b);
}
DEVICE C remainder_of(C a, C b, FAULT(fault)) {
  if (BY_ZERO(b)) {
    RAISE(fault, FAULT_DIVISION_BY_ZERO);
    return (C)0;
  }
  return BY_MINUS_ONE(b) ? (C)0 : (C)(a % b);
}
DEVICE C floor_quotient(C a, C b, FAULT(fault)) {
  const C q = quotient(a, b, fault);
  if (BY_ZERO(b) || BY_MINUS_ONE(b)) return q;
  return a % b != (C)0 && (a < (C)0) != (b < (C)0) ? (C)(q - (C)1) : q;
}
DEVICE C floor_remainder(C a, C b, FAULT(fault)) {
  const C r = remainder_of(a, b, fault);
  return r != (C)0 && (r < (C)0) != (b < (C)0) ? (C)(r + b) : r;
}
#define QUOTIENT(a, b) quotient(a, b, fault)
#define REMAINDER(a, b) remainder_of(a, b, fault)
#define FLOOR_QUOTIENT(a, b) floor_quotient(a, b, fault)
#define FLOOR_REMAINDER(a, b) floor_remainder(a, b, fault)
#endif

// By fewer bits than there are, and not by a negative number; else nothing but the sign is left.
#define WIDTH (INTEGER_BITS(TC) < 0 ? -INTEGER_BITS(TC) : INTEGER_BITS(TC))
DEVICE C left_shift(C x, C bits) {
  return bits < (C)0 || bits >= (C)WIDTH ? (C)0 : (C)((W)x << bits);
}
DEVICE C right_shift(C x, C bits) {
  if (bits < (C)0 || bits >= (C)WIDTH) return x < (C)0 ? (C)-1 : (C)0;
  return (C)(x >> bits);
}

// Wraps; a negative power of anything but 1 and -1 truncates to 0.
DEVICE C power(C x, C y) {
  if (y < (C)0) {
    if (x == (C)1) return (C)1;
    if (BY_MINUS_ONE(x)) return (y & (C)1) != (C)0 ? x : (C)1;
    return (C)0;
  }
  ulong result = 1, factor = (ulong)x;
  for (ulong n = (ulong)y; n > 0; n >>= 1, factor *= factor) {
    if ((n & 1) != 0) result *= factor;
  }
  return (C)result;
}

#else

#ifdef FLUSH_SUBNORMALS
// On the way libraries take reciprocals and products, which are subnormal for the largest and the
// smallest numbers: the same angle, from the middle of the range.
DEVICE C angle(C a, C b) {
  a = ARITHMETIC(a);
  b = ARITHMETIC(b);
  const C largest = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
  const C factor = largest > (C)1e20f ? (C)0x1p-64f : largest < (C)1e-10f ? (C)0x1p64f : (C)1;
  return ARITHMETIC(atan2(a * factor, b * factor));
}
#else
DEVICE C angle(C a, C b) { return atan2(a, b); }
#endif
// Squares are by far the most common power.
DEVICE C power(C x, C y) {
  return y == (C)2 ? x * x : ARITHMETIC(pow(ARITHMETIC(x), ARITHMETIC(y)));
}
DEVICE C float_remainder(C a, C b) { return ARITHMETIC(fmod(ARITHMETIC(a), ARITHMETIC(b))); }
DEVICE C floor_remainder(C a, C b) {
  const C r = float_remainder(a, b);
  return r != (C)0 && (r < (C)0) != (b < (C)0) ? r + b : r;
}
// floor(a / b) of the exact quotient: the rounded one may have reached the next integer.
DEVICE C floor_quotient(C a, C b) {
  if (b == (C)0) return a / b;
  const C r = float_remainder(a, b);
  C q = (a - r) / b;
  if (r != (C)0 && (r < (C)0) != (b < (C)0)) q -= (C)1;
  if (q == (C)0) return copysign((C)0, a / b);
  const C whole = floor(q);
  return q - whole > (C)0.5f ? whole + (C)1 : whole;
}
#define QUOTIENT(a, b) (a / b)
#define REMAINDER(a, b) float_remainder(a, b)
#define FLOOR_QUOTIENT(a, b) floor_quotient(a, b)
#define FLOOR_REMAINDER(a, b) floor_remainder(a, b)

#endif
