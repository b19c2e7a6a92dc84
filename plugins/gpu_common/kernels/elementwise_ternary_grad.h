// What rows of elementwise_rows.h call, of three inputs, and gradients: of dY (d) and what the forward
// pass kept (x).

DEVICE C clipped(C x, C low, C high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

#if FLOAT_BITS(TC) != 0

DEVICE C interpolated(C start, C end, C weight) {
  const C distance = end - start;
  const C from_start = start + weight * distance;
  const C from_end = end - distance * ((C)1 - weight);
  return weight < (C)0.5f ? from_start : from_end;
}

DEVICE C silu_grad(C d, C x) {
  const C s = SIGMOID(x);
  return d * s * ((C)1 + x * ((C)1 - s));
}
DEVICE C gelu_grad(C d, C x) {
  const C density = NUMBER(0.39894228040143267794) * EXP((C)-0.5f * x * x);
  return d * (NORMAL_CDF(x) + x * density);
}
// With s = sigmoid(2 u): d/dx (x s) = s + x s (1 - s) 2 du/dx.
DEVICE C gelu_tanh_grad(C d, C x) {
  const C s = SIGMOID((C)2 * gelu_inner(x));
  const C slope =
      NUMBER(1.59576912160573071176) * ((C)1 + NUMBER(0.134145) * x * x);
  return d * (s + x * s * ((C)1 - s) * slope);
}

#endif
