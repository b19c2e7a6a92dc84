// The functions of each group: for all types, and those that floats have besides.

#define NUMERIC_copy(X) X(Copy)
#define FLOAT_copy(X)
#define NUMERIC_cast(X) X(Cast)
#define FLOAT_cast(X)
#define NUMERIC_unary(X) X(Neg) X(Abs) X(Sign) X(Relu)
#define FLOAT_unary(X)                                            \
  X(Sqrt) X(Reciprocal) X(Rsqrt) X(Floor) X(Ceil) X(Round)        \
  X(HardSwish) X(HardSigmoid) X(LeakyRelu) X(Softsign)
#define NUMERIC_math(X)
#define FLOAT_math(X)                                             \
  X(Exp) X(Log) X(Tanh) X(Sigmoid) X(Silu) X(Softplus)            \
  X(Erf) X(Erfc) X(Gelu) X(GeluTanh) X(Elu)
#define NUMERIC_trigonometry(X)
#define FLOAT_trigonometry(X) X(Sin) X(Cos)
#define NUMERIC_test(X)
#define FLOAT_test(X) X(IsNaN) X(IsInf)
#define NUMERIC_inversion(X) X(Not)
#define FLOAT_inversion(X)

#define NUMERIC_binary(X) X(Add) X(Sub) X(Mul) X(Max) X(Min) X(ClipLow) X(ClipHigh)
#define FLOAT_binary(X)                                           \
  X(Div) X(DivNoNan) X(SquaredDifference)                         \
  X(TanhGrad) X(SigmoidGrad) X(RsqrtGrad) X(SqrtGrad)
#define NUMERIC_math_grad(X)
#define FLOAT_math_grad(X) X(SiluGrad) X(GeluGrad) X(GeluTanhGrad)
#define NUMERIC_power(X) X(Pow)
#define FLOAT_power(X) X(Atan2)
#define INTEGER_DIVISIONS(X) X(FloorDiv) X(ModFloor) X(ModTruncate)
#define NUMERIC_division(X) X(Div) INTEGER_DIVISIONS(X)
#define FLOAT_division(X)
#define NUMERIC_compare(X)                                        \
  X(Equal) X(NotEqual) X(Less) X(LessOrEqual) X(Greater) X(GreaterOrEqual)
#define FLOAT_compare(X)
#define NUMERIC_logic(X) X(And) X(Or) X(Xor)
#define FLOAT_logic(X)

#define NUMERIC_where(X) X(Where)
#define FLOAT_where(X)
#define NUMERIC_ternary(X) X(AddScaled) X(ClipBoth)
#define FLOAT_ternary(X) X(Lerp) X(ReluGrad)
#define NUMERIC_quaternary(X) X(AddCMul)
#define FLOAT_quaternary(X) X(AddCDiv)

/* All of them, each once: Div is among the binary ones. */
#define ELEMENTWISE_OPERATORS(X) \
  NUMERIC_copy(X) FLOAT_copy(X) \
  NUMERIC_cast(X) FLOAT_cast(X) \
  NUMERIC_unary(X) FLOAT_unary(X) \
  NUMERIC_math(X) FLOAT_math(X) \
  NUMERIC_trigonometry(X) FLOAT_trigonometry(X) \
  NUMERIC_test(X) FLOAT_test(X) \
  NUMERIC_inversion(X) FLOAT_inversion(X) \
  NUMERIC_binary(X) FLOAT_binary(X) \
  NUMERIC_math_grad(X) FLOAT_math_grad(X) \
  NUMERIC_power(X) FLOAT_power(X) \
  INTEGER_DIVISIONS(X) \
  NUMERIC_compare(X) FLOAT_compare(X) \
  NUMERIC_logic(X) FLOAT_logic(X) \
  NUMERIC_where(X) FLOAT_where(X) \
  NUMERIC_ternary(X) FLOAT_ternary(X) \
  NUMERIC_quaternary(X) FLOAT_quaternary(X)

/* A number for each: a group is one program, in which the number picks the function. Hosts read it, too. */
#define NAME_OPERATOR(name) OP_##name,
enum { ELEMENTWISE_OPERATORS(NAME_OPERATOR) OP_COUNT };
#undef NAME_OPERATOR
