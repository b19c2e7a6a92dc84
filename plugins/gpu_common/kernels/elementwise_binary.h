// Elementwise functions of two inputs, in C.

#define W WRAPPING(TC)

DEVICE C op_Add(C a, C b) { return (C)((W)a + (W)b); }
DEVICE C op_Sub(C a, C b) { return (C)((W)a - (W)b); }
DEVICE C op_Mul(C a, C b) { return (C)((W)a * (W)b); }
// NaN if either is: a comparison with NaN is false, so b's NaN falls through to b.
DEVICE C op_Max(C a, C b) { return (a != a) | (a > b) ? a : b; }
DEVICE C op_Min(C a, C b) { return (a != a) | (a < b) ? a : b; }

DEVICE uchar op_Equal(C a, C b) { return a == b; }
DEVICE uchar op_NotEqual(C a, C b) { return a != b; }
DEVICE uchar op_Less(C a, C b) { return a < b; }
DEVICE uchar op_LessOrEqual(C a, C b) { return a <= b; }
DEVICE uchar op_Greater(C a, C b) { return a > b; }
DEVICE uchar op_GreaterOrEqual(C a, C b) { return a >= b; }

#if INTEGER_BITS(TC) == 1

DEVICE uchar op_And(uchar a, uchar b) { return a & b; }
DEVICE uchar op_Or(uchar a, uchar b) { return a | b; }
DEVICE uchar op_Xor(uchar a, uchar b) { return a ^ b; }

#elif FLOAT_BITS(TC) == 0

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
#define op_Div(a, b) quotient(a, b, fault)
#define op_FloorDiv(a, b) floor_quotient(a, b, fault)
#define op_ModFloor(a, b) floor_remainder(a, b, fault)
#define op_ModTruncate(a, b) remainder_of(a, b, fault)
#endif

// Wraps; a negative power of anything but 1 and -1 truncates to 0.
DEVICE C op_Pow(C x, C y) {
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

DEVICE C op_Div(C a, C b) { return a / b; }
DEVICE C op_DivNoNan(C a, C b) { return b == (C)0 ? (C)0 : a / b; }
DEVICE C op_SquaredDifference(C a, C b) { return (a - b) * (a - b); }
#ifdef FLUSH_SUBNORMALS
// On the way libraries take reciprocals and products, which are subnormal for the largest and the
// smallest numbers: the same angle, from the middle of the range.
DEVICE C op_Atan2(C a, C b) {
  a = ARITHMETIC(a);
  b = ARITHMETIC(b);
  const C largest = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
  const C factor = largest > (C)1e20f ? (C)0x1p-64f : largest < (C)1e-10f ? (C)0x1p64f : (C)1;
  return ARITHMETIC(atan2(a * factor, b * factor));
}
#else
DEVICE C op_Atan2(C a, C b) { return atan2(a, b); }
#endif
// Squares are by far the most common power.
DEVICE C op_Pow(C x, C y) {
  return y == (C)2 ? x * x : ARITHMETIC(pow(ARITHMETIC(x), ARITHMETIC(y)));
}
DEVICE C float_remainder(C a, C b) { return ARITHMETIC(fmod(ARITHMETIC(a), ARITHMETIC(b))); }
DEVICE C op_ModTruncate(C a, C b) { return float_remainder(a, b); }
DEVICE C op_ModFloor(C a, C b) {
  const C r = float_remainder(a, b);
  return r != (C)0 && (r < (C)0) != (b < (C)0) ? r + b : r;
}
// floor(a / b) of the exact quotient: the rounded one may have reached the next integer.
DEVICE C op_FloorDiv(C a, C b) {
  if (b == (C)0) return a / b;
  const C r = float_remainder(a, b);
  C q = (a - r) / b;
  if (r != (C)0 && (r < (C)0) != (b < (C)0)) q -= (C)1;
  if (q == (C)0) return copysign((C)0, a / b);
  const C whole = floor(q);
  return q - whole > (C)0.5f ? whole + (C)1 : whole;
}

#endif
