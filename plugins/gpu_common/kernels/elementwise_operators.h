/* Every function of elementwise.cl, and the groups in which they are compiled: a group is one program,
 * in which a number picks the function. Also read by operators/elementwise.cc, for the numbers. */
#define ELEMENTWISE_OPERATORS(X)                                                                  \
  X(Copy) X(Cast) X(Not)                                                                          \
  X(Neg) X(Abs) X(Sign) X(Relu)                                                                   \
  X(Sqrt) X(Reciprocal) X(Rsqrt) X(Floor) X(Ceil) X(Round)                                        \
  X(HardSwish) X(HardSigmoid) X(LeakyRelu)                                                        \
  X(Exp) X(Log) X(Tanh) X(Sigmoid) X(Silu) X(Softplus) X(Erf) X(Erfc) X(Gelu) X(GeluTanh) X(Elu)  \
  X(Sin) X(Cos) X(IsNaN) X(IsInf)                                                                 \
  X(Add) X(Sub) X(Mul) X(Max) X(Min) X(ClipLow) X(ClipHigh)                                       \
  X(Div) X(DivNoNan) X(SquaredDifference) X(FloorDiv) X(ModFloor) X(ModTruncate) X(Pow) X(Atan2)  \
  X(Equal) X(NotEqual) X(Less) X(LessOrEqual) X(Greater) X(GreaterOrEqual) X(And) X(Or) X(Xor)    \
  X(Where) X(ClipBoth) X(AddScaled) X(Lerp) X(AddCMul) X(AddCDiv)                                 \
  X(ReluGrad) X(TanhGrad) X(SigmoidGrad) X(RsqrtGrad) X(SqrtGrad)                                 \
  X(SiluGrad) X(GeluGrad) X(GeluTanhGrad)

#define NAME_OPERATOR(name) OP_##name,
enum { ELEMENTWISE_OPERATORS(NAME_OPERATOR) OP_COUNT };
#undef NAME_OPERATOR
