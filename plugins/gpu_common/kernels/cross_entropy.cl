// tenon.SparseSoftmaxCrossEntropy (-DSPARSE, LABEL i32 or i64) and SoftmaxCrossEntropy (labels are
// probabilities of type T): loss and gradient of a row of logits.
// compile: -DHAS_DOUBLE -DT={f32,f64,f16,bf16} -DLABEL=T
// compile: -DHAS_DOUBLE -DT={f32,f64} -DLABEL={i32,i64} -DSPARSE
#include "element_types.h"
#include "float_math.h"

#define C COMPUTE(T)
#if FLOAT_BITS(T) == 32
#define EXP exp_f32
#else
#define EXP exp
#endif
#ifdef HAS_DOUBLE
#define SUM double
#else
#define SUM float
#endif

// In elements, from row to row and from class to class.
typedef struct {
  long rows, classes;
  long logits[2], labels[2], loss, backprop[2];
} Rows;

KERNEL(cross_entropy)
(IN(STORED(T), logits), IN(STORED(LABEL), labels), OUT(STORED(T), loss), OUT(STORED(T), backprop),
 Rows r, long chunk
#ifdef SPARSE
 , FAULT(fault)
#endif
) {
  FOR_ELEMENTS(i, r.rows, chunk) {
    GLOBAL const STORED(T) *x = CONST_AT(STORED(T), logits) + i * r.logits[0];
    GLOBAL const STORED(LABEL) *label = CONST_AT(STORED(LABEL), labels) + i * r.labels[0];
    GLOBAL STORED(T) *dx = AT(STORED(T), backprop) + i * r.backprop[0];
    C largest = -INFINITY;
    SUM weight = 0;
    for (long c = 0; c < r.classes; ++c) {
      const C value = LOAD(T, x[c * r.logits[1]]);
      largest = value > largest ? value : largest;
#ifndef SPARSE
      weight += (SUM)LOAD(T, label[c * r.labels[1]]);
#endif
    }
    SUM sum = 0;
    for (long c = 0; c < r.classes; ++c) {
      sum += (SUM)EXP(LOAD(T, x[c * r.logits[1]]) - largest);
    }
    const SUM shift = log(sum) + (SUM)largest;
#ifdef SPARSE
    const long hit = (long)label[0];
    weight = 1;
    SUM value = 0;
    if (hit < 0 || hit >= r.classes) {
      RAISE(fault, FAULT_INDEX);
    } else {
      value = shift - (SUM)LOAD(T, x[hit * r.logits[1]]);
    }
#else
    SUM value = 0;
#endif
    const C factor = (C)(weight / sum);
    for (long c = 0; c < r.classes; ++c) {
      const C logit = LOAD(T, x[c * r.logits[1]]);
#ifdef SPARSE
      const C share = c == hit ? (C)1 : (C)0;
#else
      const C share = LOAD(T, label[c * r.labels[1]]);
      value += (SUM)share * (shift - (SUM)logit);
#endif
      dx[c * r.backprop[1]] = STORE(T, EXP(logit - largest) * factor - share);
    }
    AT(STORED(T), loss)[i * r.loss] = STORE(T, (C)value);
  }
}
