// tenon.AdamW: one step of Adam or AdamW; with -DMAX of AMSGrad. T: of all tensors. Operands of the
// walk: new_param, new_exp_avg, new_exp_avg_sq, param, grad, exp_avg, exp_avg_sq, and with MAX
// new_max_exp_avg_sq, max_exp_avg_sq.
// compile: -DHAS_DOUBLE -DT={f32,f64,f16,bf16}
// compile: -DHAS_DOUBLE -DT=f32 -DMAX
#ifdef MAX
#define OPERANDS 9
#else
#define OPERANDS 7
#endif
#include "element_types.h"
#include "loop.h"

#define C COMPUTE(T)

// The step's numbers (optimizers.cc).
typedef struct {
  C sign, keep, decay;
  C one_minus_beta1, beta2, one_minus_beta2;
  C step_size, second_scale, eps;
} Coefficients;

#ifdef MAX
#define MAX_PARAMETERS OUT(STORED(T), new_most), IN(STORED(T), most),
#define MAX_ROWS                                                                 \
  GLOBAL STORED(T) *y3 = AT(STORED(T), new_most) + at.place[7];                  \
  GLOBAL const STORED(T) *x4 = CONST_AT(STORED(T), most) + at.place[8];
#define MAX_STEP(PLACE)                                                          \
  const C before = LOAD(T, x4[PLACE(8)]);                                        \
  second = before > v || before != before ? before : v;                          \
  y3[PLACE(7)] = STORE(T, second);
#else
#define MAX_PARAMETERS
#define MAX_ROWS
#define MAX_STEP(PLACE)
#endif

#define STEP(PLACE)                                                              \
  C p = LOAD(T, x0[PLACE(3)]), m = LOAD(T, x2[PLACE(5)]), v = LOAD(T, x3[PLACE(6)]); \
  const C g = k.sign * LOAD(T, x1[PLACE(4)]) + (k.decay != 0 ? k.decay * p : 0); \
  p *= k.keep;                                                                   \
  m += (g - m) * k.one_minus_beta1;                                              \
  v = k.beta2 * v + k.one_minus_beta2 * g * g;                                   \
  C second = v;                                                                  \
  MAX_STEP(PLACE)                                                                \
  p -= k.step_size * m / (sqrt(second) * k.second_scale + k.eps);                \
  y0[PLACE(0)] = STORE(T, p);                                                    \
  y1[PLACE(1)] = STORE(T, m);                                                    \
  y2[PLACE(2)] = STORE(T, v);

#define DENSE(operand) i
#define STRIDED(operand) i * loop.steps[operand][0]

KERNEL(adamw)
(OUT(STORED(T), new_param), OUT(STORED(T), new_avg), OUT(STORED(T), new_avg_sq),
 IN(STORED(T), param), IN(STORED(T), grad), IN(STORED(T), avg), IN(STORED(T), avg_sq),
 MAX_PARAMETERS Coefficients k, Loop loop) {
  int dense = 1;
  for (int o = 0; o < OPERANDS; ++o) dense &= loop.steps[o][0] == 1;
  FOR_ROWS(loop, at, n) {
    GLOBAL STORED(T) *y0 = AT(STORED(T), new_param) + at.place[0];
    GLOBAL STORED(T) *y1 = AT(STORED(T), new_avg) + at.place[1];
    GLOBAL STORED(T) *y2 = AT(STORED(T), new_avg_sq) + at.place[2];
    GLOBAL const STORED(T) *x0 = CONST_AT(STORED(T), param) + at.place[3];
    GLOBAL const STORED(T) *x1 = CONST_AT(STORED(T), grad) + at.place[4];
    GLOBAL const STORED(T) *x2 = CONST_AT(STORED(T), avg) + at.place[5];
    GLOBAL const STORED(T) *x3 = CONST_AT(STORED(T), avg_sq) + at.place[6];
    MAX_ROWS
    if (dense) {
      INDEPENDENT
      for (long i = 0; i < n; ++i) { STEP(DENSE) }
    } else {
      for (long i = 0; i < n; ++i) { STEP(STRIDED) }
    }
  }
}
