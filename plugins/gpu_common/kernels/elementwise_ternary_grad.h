// Elementwise functions of three and more inputs, and gradients: of dY (d) and what the forward pass
// kept (x).

DEVICE C op_AddScaled(C a, C b, C alpha) { return (C)((W)a + (W)alpha * (W)b); }
DEVICE C op_AddCMul(C x, C a, C b, C value) { return (C)((W)x + (W)value * ((W)a * (W)b)); }
DEVICE C op_Where(uchar condition, C x, C y) { return condition != 0 ? x : y; }
// NaN in x stays. A bound that is absent is not compared with.
DEVICE C op_ClipBoth(C x, C low, C high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}
DEVICE C op_ClipLow(C x, C low) { return x < low ? low : x; }
DEVICE C op_ClipHigh(C x, C high) { return x > high ? high : x; }

#if FLOAT_BITS(TC) != 0

DEVICE C op_AddCDiv(C x, C a, C b, C value) { return x + value * (a / b); }
DEVICE C op_Lerp(C start, C end, C weight) {
  const C distance = end - start;
  const C from_start = start + weight * distance;
  const C from_end = end - distance * ((C)1 - weight);
  return weight < (C)0.5f ? from_start : from_end;
}

DEVICE C op_ReluGrad(C d, C x, C threshold) { return x <= threshold ? (C)0 : d; }  // NaN passes.
DEVICE C op_TanhGrad(C d, C x) { return d * ((C)1 - x * x); }
DEVICE C op_SigmoidGrad(C d, C x) { return d * (x * ((C)1 - x)); }
DEVICE C op_RsqrtGrad(C d, C x) {
  return d == (C)0 ? (C)0 : d * ((C)-0.5f * (x * x * x));  // 0 at the pole too.
}
DEVICE C op_SqrtGrad(C d, C x) { return d == (C)0 ? (C)0 : d * ((C)0.5f / x); }
DEVICE C op_SiluGrad(C d, C x) {
  const C s = SIGMOID(x);
  return d * s * ((C)1 + x * ((C)1 - s));
}
DEVICE C op_GeluGrad(C d, C x) {
  const C density = NUMBER(0.39894228040143267794) * EXP((C)-0.5f * x * x);
  return d * (NORMAL_CDF(x) + x * density);
}
// With s = sigmoid(2 u): d/dx (x s) = s + x s (1 - s) 2 du/dx.
DEVICE C op_GeluTanhGrad(C d, C x) {
  const C s = SIGMOID((C)2 * gelu_inner(x));
  const C slope =
      NUMBER(1.59576912160573071176) * ((C)1 + NUMBER(0.134145) * x * x);
  return d * (s + x * s * ((C)1 - s) * slope);
}

#endif
