// tenon.SgdMomentum: one step of torch.optim.SGD. BUFFER: 0 none, 1 none before this step, 2 one.
// Operands of the walk: new_param, param, grad, new_buffer, buffer, as many as there are.
// compile: -DHAS_DOUBLE -DT={f32,f64,f16,bf16} -DBUFFER={0,1,2}
#define OPERANDS (3 + BUFFER)
#include "element_types.h"
#include "loop.h"

#define C COMPUTE(T)

typedef struct {
  C sign, lr, momentum, gradient_share, decay, nesterov;
} Coefficients;

KERNEL(sgd)
(OUT(STORED(T), new_param), IN(STORED(T), param), IN(STORED(T), grad),
#if BUFFER > 0
 OUT(STORED(T), new_buffer),
#endif
#if BUFFER > 1
 IN(STORED(T), buffer),
#endif
 Coefficients k, Loop loop) {
  FOR_ROWS(loop, at, n) {
    GLOBAL STORED(T) *y = AT(STORED(T), new_param) + at.place[0];
    GLOBAL const STORED(T) *x = CONST_AT(STORED(T), param) + at.place[1];
    GLOBAL const STORED(T) *dx = CONST_AT(STORED(T), grad) + at.place[2];
#if BUFFER > 0
    GLOBAL STORED(T) *kept = AT(STORED(T), new_buffer) + at.place[3];
#endif
#if BUFFER > 1
    GLOBAL const STORED(T) *before = CONST_AT(STORED(T), buffer) + at.place[4];
#endif
    INDEPENDENT
    for (long i = 0; i < n; ++i) {
      const C p = LOAD(T, x[i * loop.steps[1][0]]);
      C g = k.sign * LOAD(T, dx[i * loop.steps[2][0]]) + k.decay * p;
#if BUFFER > 0
      C b = g;
#if BUFFER > 1
      b = k.momentum * LOAD(T, before[i * loop.steps[4][0]]) + k.gradient_share * g;
#endif
      kept[i * loop.steps[3][0]] = STORE(T, b);
      g = k.nesterov != (C)0 ? g + k.momentum * b : b;
#endif
      y[i * loop.steps[0][0]] = STORE(T, p - k.lr * g);
    }
  }
}
