// Elementwise operators of a GROUP (elementwise_rows.h): y = op(a, b, ...), in COMPUTE(TC). ARITY inputs of types T1, T2,
// ..., an output of type T0. Inputs that are HOST values come in `values`, with their bit in
// loop.host. p and q are the operator's numeric attributes.
// compile: -DHAS_DOUBLE -DGROUP=copy -DARITY=1 -DT0={u8,u16,u32,u64} -DT1=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=cast -DARITY=1 -DT0={f32,f64,f16,bf16,i8,i16,i32,i64,u8,u16,u32,u64,b8} -DT1={f32,i64} -DTC=T1
// compile: -DHAS_DOUBLE -DGROUP=cast -DARITY=1 -DT0={f32,bf16,i8,u64,b8} -DT1={f64,f16,bf16,u8,b8} -DTC=T1
// compile: -DHAS_DOUBLE -DGROUP=unary -DARITY=1 -DT0={f32,f64,f16,bf16,i8,i32,i64,u8,u64} -DT1=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP={math,trigonometry,hyperbolic} -DARITY=1 -DT0={f32,f64,f16,bf16} -DT1=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=test -DARITY=1 -DT0=b8 -DT1={f32,f64,f16,bf16} -DTC=T1
// compile: -DHAS_DOUBLE -DGROUP=inversion -DARITY=1 -DT0=b8 -DT1=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=bit_inversion -DARITY=1 -DT0={i8,i32,i64,u8,u64} -DT1=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=bits -DARITY=2 -DT0={i8,i32,i64,u8,u64} -DT1=T0 -DT2=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP={binary,power} -DARITY=2 -DT0={f32,f64,f16,bf16,i8,i32,i64,u8,u64} -DT1=T0 -DT2=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=division -DARITY=2 -DT0={f32,f64,f16,bf16} -DT1=T0 -DT2=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=division -DARITY=2 -DT0={i8,i32,i64,u8,u64} -DT1=T0 -DT2=T0 -DTC=T0 -DCAN_FAIL
// compile: -DHAS_DOUBLE -DGROUP=math_grad -DARITY=2 -DT0={f32,f64,f16,bf16} -DT1=T0 -DT2=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=compare -DARITY=2 -DT0=b8 -DT1={f32,f64,bf16,i32,i64,u8,b8} -DT2=T1 -DTC=T1
// compile: -DHAS_DOUBLE -DGROUP=logic -DARITY=2 -DT0=b8 -DT1=T0 -DT2=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=where -DARITY=3 -DT0={u8,u16,u32,u64} -DT1=u8 -DT2=T0 -DT3=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=ternary -DARITY=3 -DT0={f32,f64,f16,bf16,i32,i64,u8} -DT1=T0 -DT2=T0 -DT3=T0 -DTC=T0
// compile: -DHAS_DOUBLE -DGROUP=quaternary -DARITY=4 -DT0={f32,f64,f16,bf16} -DT1=T0 -DT2=T0 -DT3=T0 -DT4=T0 -DTC=T0
#define OPERANDS (ARITY + 1)
#include "element_types.h"
#include "erfc.h"
#include "loop.h"
#include "elementwise_unary.h"
#include "elementwise_binary.h"
#include "elementwise_ternary_grad.h"
#include "elementwise_rows.h"

#if FLOAT_BITS(TC) != 0
#define EACH_ROW(do) JOIN(NUMERIC_, GROUP)(do) JOIN(FLOAT_, GROUP)(do)
#else
#define EACH_ROW(do) JOIN(NUMERIC_, GROUP)(do)
#endif

typedef struct {
  ulong bits[4];
} Values;

#define VALUE(T, name, k)    \
  union {                    \
    ulong bits;              \
    STORED(T) value;         \
  } name##_value;            \
  name##_value.bits = values.bits[k];

#ifndef T2
#define T2 T1
#endif
#ifndef T3
#define T3 T2
#endif
#ifndef T4
#define T4 T3
#endif

#if ARITY == 1
#define INPUTS IN(STORED(T1), a)
#define EACH_INPUT(do) do(T1, a, 1)
#elif ARITY == 2
#define INPUTS IN(STORED(T1), a), IN(STORED(T2), b)
#define EACH_INPUT(do) do(T1, a, 1) do(T2, b, 2)
#elif ARITY == 3
#define INPUTS IN(STORED(T1), a), IN(STORED(T2), b), IN(STORED(T3), c)
#define EACH_INPUT(do) do(T1, a, 1) do(T2, b, 2) do(T3, c, 3)
#else
#define INPUTS IN(STORED(T1), a), IN(STORED(T2), b), IN(STORED(T3), c), IN(STORED(T4), d)
#define EACH_INPUT(do) do(T1, a, 1) do(T2, b, 2) do(T3, c, 3) do(T4, d, 4)
#endif

#ifdef CAN_FAIL
#define MAYBE_FAULT , FAULT(fault)
#else
#define MAYBE_FAULT
#endif

// A row of an input, and whether it is one value all along.
#define ROW(T, x, k)                                                             \
  GLOBAL const STORED(T) *x##_row = CONST_AT(STORED(T), x) + at.place[k];        \
  const long x##_step = loop.steps[k][0];                                        \
  const int x##_host = (loop.host >> (k - 1)) & 1;

#ifdef ROWS

// Rows go by tiles: inputs into arrays of the work item's, which makes one loop of the operator for
// inputs of any steps, and one that the compiler need not fear for aliases in.
#define TILE 256

#define DECLARE(T, x, k) COMPUTE(T) x##_tile[TILE];

// A value all along is spread once a row.
#define SPREAD(T, x, k)                                                               \
  if (x##_step == 0) {                                                                \
    VALUE(T, x, k - 1)                                                                \
    const COMPUTE(T) one = LOAD(T, x##_host ? x##_value.value : *x##_row);            \
    for (long j = 0; j < min_long(n, TILE); ++j) x##_tile[j] = one;                   \
  }
#define FETCH(T, x, k)                                                                \
  if (x##_step == 1) {                                                                \
    for (long j = 0; j < m; ++j) x##_tile[j] = LOAD(T, x##_row[t + j]);               \
  } else if (x##_step != 0) {                                                         \
    for (long j = 0; j < m; ++j) x##_tile[j] = LOAD(T, x##_row[(t + j) * x##_step]);  \
  }
#define TAKE(T, x, k) const COMPUTE(T) x = x##_tile[j];
#define COMPUTE_TILE(name, operator_id, formula)                                      \
  case OP_##name:                                                                     \
    for (long j = 0; j < m; ++j) {                                                    \
      EACH_INPUT(TAKE)                                                                \
      result[j] = formula;                                                            \
    }                                                                                 \
    break;

KERNEL(elementwise)
(OUT(STORED(T0), y), INPUTS, Values values, Loop loop, int op, float p, float q MAYBE_FAULT) {
  EACH_INPUT(DECLARE)
  COMPUTE(T0) result[TILE];
  FOR_ROWS(loop, at, n) {
    GLOBAL STORED(T0) *y_row = AT(STORED(T0), y) + at.place[0];
    const long y_step = loop.steps[0][0];
    EACH_INPUT(ROW)
    EACH_INPUT(SPREAD)
    for (long t = 0; t < n; t += TILE) {
      const long m = min_long(n - t, TILE);
      EACH_INPUT(FETCH)
      switch (op) { EACH_ROW(COMPUTE_TILE) }
      if (y_step == 1) {
        for (long j = 0; j < m; ++j) y_row[t + j] = STORE(T0, result[j]);
      } else {
        for (long j = 0; j < m; ++j) y_row[(t + j) * y_step] = STORE(T0, result[j]);
      }
    }
  }
}

#else

#define FETCH(T, x, k) \
  VALUE(T, x, k - 1)   \
  const COMPUTE(T) x = LOAD(T, x##_host ? x##_value.value : *x##_row);
#define COMPUTE_ELEMENT(name, operator_id, formula) \
  case OP_##name:                                   \
    result = formula;                               \
    break;

KERNEL(elementwise)
(OUT(STORED(T0), y), INPUTS, Values values, Loop loop, int op, float p, float q MAYBE_FAULT) {
  FOR_ROWS(loop, at, n) {
    EACH_INPUT(ROW)
    EACH_INPUT(FETCH)
    COMPUTE(T0) result = (COMPUTE(T0))0;
    switch (op) { EACH_ROW(COMPUTE_ELEMENT) }
    AT(STORED(T0), y)[at.place[0]] = STORE(T0, result);
  }
}

#endif
