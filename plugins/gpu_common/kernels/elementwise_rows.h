// One row an elementwise function: its name, the operator that it is, and what it computes of a, b, c
// and d (the inputs, in C, the type that the operator computes in) and of p and q (the operator's
// numeric attributes). A group is one program; it has rows for all types, and those that floats have
// besides. What needs more than an expression calls functions of the files elementwise_*.h.
//
// Hosts make their tables of the same rows (operators/unary.cc and its neighbours). kNone: the
// operator has attributes or several functions, and its own lines there.

#define NUMERIC_copy(X) X(Copy, kNone, a)
#define FLOAT_copy(X)
#define NUMERIC_cast(X) X(Cast, kNone, converted(a))
#define FLOAT_cast(X)

// NaN is not below 0.
#define NUMERIC_unary(X)                                                                       \
  X(Neg, kNeg, negative(a))                                                                    \
  X(Abs, kAbs, absolute(a))                                                                    \
  X(Sign, kSign, a != a ? a : (C)((a > (C)0) - (a < (C)0)))                                    \
  X(Relu, kRelu, a < (C)0 ? (C)0 : a)                                                          \
  X(Shrink, kNone, shrunk(a, p, q))
#define FLOAT_unary(X)                                                                         \
  X(Sqrt, kSqrt, sqrt(a))                                                                      \
  X(Reciprocal, kReciprocal, (C)1 / a)                                                         \
  X(Rsqrt, kTenonRsqrt, (C)1 / sqrt(a))                                                        \
  X(Floor, kFloor, floor(a))                                                                   \
  X(Ceil, kCeil, ceil(a))                                                                      \
  X(Round, kRound, rint(a))                                                                    \
  X(HardSwish, kHardSwish, a * clamp_to_unit(a / (C)6 + (C)0.5f))                              \
  X(HardSigmoid, kNone, clamp_to_unit((C)p * a + (C)q))                                        \
  X(LeakyRelu, kNone, a < (C)0 ? (C)p * a : a)                                                 \
  X(ThresholdedRelu, kNone, a > (C)p ? a : (C)0)                                               \
  X(Softsign, kSoftsign, a / ((C)1 + fabs(a)))
#define NUMERIC_math(X)
#define FLOAT_math(X)                                                                          \
  X(Exp, kExp, EXP(a))                                                                         \
  X(Log, kLog, LOG(a))                                                                         \
  X(Tanh, kTanh, TANH(a))                                                                      \
  X(Sigmoid, kSigmoid, SIGMOID(a))                                                             \
  X(Silu, kTenonSilu, a * SIGMOID(a))                                                          \
  X(Softplus, kSoftplus, softplus(a))                                                          \
  X(Mish, kMish, a * TANH(softplus(a)))                                                        \
  X(Erf, kErf, ERF(a))                                                                         \
  X(Erfc, kTenonErfc, ERFC(a))                                                                 \
  X(Gelu, kNone, a * NORMAL_CDF(a))                                                            \
  X(GeluTanh, kNone, a * SIGMOID((C)2 * gelu_inner(a)))                                        \
  X(Elu, kNone, elu(a, (C)p))                                                                  \
  X(Selu, kNone, (C)q * elu(a, (C)p))                                                          \
  X(Celu, kNone, celu(a, (C)p))                                                                \
  X(Swish, kNone, a * SIGMOID((C)p * a))
#define NUMERIC_trigonometry(X)
#define FLOAT_trigonometry(X)                                                                  \
  X(Sin, kSin, sin(ARITHMETIC(a)))                                                             \
  X(Cos, kCos, cos(ARITHMETIC(a)))                                                             \
  X(Tan, kTan, tan(ARITHMETIC(a)))                                                             \
  X(Asin, kAsin, asin(ARITHMETIC(a)))                                                          \
  X(Acos, kAcos, acos(ARITHMETIC(a)))                                                          \
  X(Atan, kAtan, atan(ARITHMETIC(a)))
#define NUMERIC_hyperbolic(X)
#define FLOAT_hyperbolic(X)                                                                    \
  X(Sinh, kSinh, sinh(ARITHMETIC(a)))                                                          \
  X(Cosh, kCosh, cosh(ARITHMETIC(a)))                                                          \
  X(Asinh, kAsinh, asinh(ARITHMETIC(a)))                                                       \
  X(Acosh, kAcosh, acosh(ARITHMETIC(a)))                                                       \
  X(Atanh, kAtanh, atanh(ARITHMETIC(a)))
#define NUMERIC_test(X)
#define FLOAT_test(X)                                                                          \
  X(IsNaN, kIsNaN, a != a)                                                                     \
  X(IsInf, kNone, is_infinite(a, p != 0, q != 0))
#define NUMERIC_inversion(X) X(Not, kNot, a == (C)0)
#define FLOAT_inversion(X)
#define NUMERIC_bit_inversion(X) X(BitwiseNot, kBitwiseNot, (C)~a)
#define FLOAT_bit_inversion(X)

// Max and Min are NaN if either is: a comparison with NaN is false, so b's NaN falls through to b.
#define NUMERIC_binary(X)                                                                      \
  X(Add, kAdd, (C)((W)a + (W)b))                                                               \
  X(Sub, kSub, (C)((W)a - (W)b))                                                               \
  X(Mul, kMul, (C)((W)a * (W)b))                                                               \
  X(Max, kMax, (a != a) | (a > b) ? a : b)                                                     \
  X(Min, kMin, (a != a) | (a < b) ? a : b)                                                     \
  X(PRelu, kPRelu, a < (C)0 ? (C)((W)a * (W)b) : a)                                            \
  X(ClipLow, kNone, a < b ? b : a)                                                             \
  X(ClipHigh, kNone, a > b ? b : a)
// Gradients are of dY (a) and what the forward pass kept (b), 0 at a pole too.
#define FLOAT_binary(X)                                                                        \
  X(DivFloat, kNone, a / b)                                                                    \
  X(DivNoNan, kTenonDivNoNan, b == (C)0 ? (C)0 : a / b)                                        \
  X(SquaredDifference, kTenonSquaredDifference, (a - b) * (a - b))                             \
  X(TanhGrad, kTenonTanhGrad, a * ((C)1 - b * b))                                              \
  X(SigmoidGrad, kTenonSigmoidGrad, a * (b * ((C)1 - b)))                                      \
  X(RsqrtGrad, kTenonRsqrtGrad, a == (C)0 ? (C)0 : a * ((C)-0.5f * (b * b * b)))               \
  X(SqrtGrad, kTenonSqrtGrad, a == (C)0 ? (C)0 : a * ((C)0.5f / b))
#define NUMERIC_math_grad(X)
#define FLOAT_math_grad(X)                                                                     \
  X(SiluGrad, kTenonSiluGrad, silu_grad(a, b))                                                 \
  X(GeluGrad, kNone, gelu_grad(a, b))                                                          \
  X(GeluTanhGrad, kNone, gelu_tanh_grad(a, b))
#define NUMERIC_power(X) X(Pow, kPow, power(a, b))
#define FLOAT_power(X) X(Atan2, kTenonAtan2, angle(a, b))
#define NUMERIC_division(X)                                                                    \
  X(Div, kNone, QUOTIENT(a, b))                                                                \
  X(FloorDiv, kTenonFloorDiv, FLOOR_QUOTIENT(a, b))                                            \
  X(ModFloor, kNone, FLOOR_REMAINDER(a, b))                                                    \
  X(ModTruncate, kNone, REMAINDER(a, b))
#define FLOAT_division(X)
#define NUMERIC_compare(X)                                                                     \
  X(Equal, kNone, a == b)                                                                      \
  X(NotEqual, kNone, a != b)                                                                   \
  X(Less, kLess, a < b)                                                                        \
  X(LessOrEqual, kLessOrEqual, a <= b)                                                         \
  X(Greater, kGreater, a > b)                                                                  \
  X(GreaterOrEqual, kGreaterOrEqual, a >= b)
#define FLOAT_compare(X)
#define NUMERIC_logic(X)                                                                       \
  X(And, kAnd, a & b)                                                                          \
  X(Or, kOr, a | b)                                                                            \
  X(Xor, kXor, a ^ b)
#define FLOAT_logic(X)
#define NUMERIC_bits(X)                                                                        \
  X(BitwiseAnd, kBitwiseAnd, (C)(a & b))                                                       \
  X(BitwiseOr, kBitwiseOr, (C)(a | b))                                                         \
  X(BitwiseXor, kBitwiseXor, (C)(a ^ b))                                                       \
  X(LeftShift, kNone, left_shift(a, b))                                                        \
  X(RightShift, kNone, right_shift(a, b))
#define FLOAT_bits(X)

#define NUMERIC_where(X) X(Where, kNone, a != 0 ? b : c)
#define FLOAT_where(X)
// NaN in a stays. A bound that is absent is not compared with: it has a function without it.
#define NUMERIC_ternary(X)                                                                     \
  X(AddScaled, kTenonAddScaled, (C)((W)a + (W)c * (W)b))                                       \
  X(ClipBoth, kNone, clipped(a, b, c))
#define FLOAT_ternary(X)                                                                       \
  X(Lerp, kTenonLerp, interpolated(a, b, c))                                                           \
  X(ReluGrad, kTenonReluGrad, b <= c ? (C)0 : a)
#define NUMERIC_quaternary(X) X(AddCMul, kTenonAddCMul, (C)((W)a + (W)d * ((W)b * (W)c)))
#define FLOAT_quaternary(X) X(AddCDiv, kTenonAddCDiv, a + d * (b / c))

#define ELEMENTWISE_ROWS(X) \
  NUMERIC_copy(X) FLOAT_copy(X) \
  NUMERIC_cast(X) FLOAT_cast(X) \
  NUMERIC_unary(X) FLOAT_unary(X) \
  NUMERIC_math(X) FLOAT_math(X) \
  NUMERIC_trigonometry(X) FLOAT_trigonometry(X) \
  NUMERIC_hyperbolic(X) FLOAT_hyperbolic(X) \
  NUMERIC_test(X) FLOAT_test(X) \
  NUMERIC_inversion(X) FLOAT_inversion(X) \
  NUMERIC_bit_inversion(X) FLOAT_bit_inversion(X) \
  NUMERIC_binary(X) FLOAT_binary(X) \
  NUMERIC_math_grad(X) FLOAT_math_grad(X) \
  NUMERIC_power(X) FLOAT_power(X) \
  NUMERIC_division(X) FLOAT_division(X) \
  NUMERIC_compare(X) FLOAT_compare(X) \
  NUMERIC_logic(X) FLOAT_logic(X) \
  NUMERIC_bits(X) FLOAT_bits(X) \
  NUMERIC_where(X) FLOAT_where(X) \
  NUMERIC_ternary(X) FLOAT_ternary(X) \
  NUMERIC_quaternary(X) FLOAT_quaternary(X)

// A number for each, by which a program picks the function.
#define NAME_FUNCTION(name, operator_id, formula) OP_##name,
enum { ELEMENTWISE_ROWS(NAME_FUNCTION) OP_COUNT };
#undef NAME_FUNCTION
