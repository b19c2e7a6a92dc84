// tenon.NllLoss and its gradient. T: of log_probabilities and loss; TARGET: i32 or i64. Positions
// are those of the targets, dims innermost first; SUM is what losses are added in.
// compile: -DHAS_DOUBLE -DT={f32,f64,f16,bf16} -DTARGET={i32,i64}
// compile: -DT=f32 -DTARGET=i64
#include "element_types.h"

#define C COMPUTE(T)
#ifdef HAS_DOUBLE
#define SUM double
#else
#define SUM float
#endif

typedef struct {
  long classes, ignored;
  int reduction;  // 0 none, 1 sum, 2 mean.
  int weighted;
  long class_step, weight_step;
} Classes;

// The class at a position; -1 where it is ignored, -2 (and a failure) where there is none such.
DEVICE long class_at(GLOBAL const STORED(TARGET) *target, long at, const Classes *c,
                     FAULT(fault)) {
  const long label = (long)target[at];
  if (label == c->ignored) return -1;
  if (label >= 0 && label < c->classes) return label;
  RAISE(fault, FAULT_INDEX);
  return -2;
}

DEVICE void write_sums(GLOBAL char *loss, GLOBAL char *total, int has_total, const Classes *c,
                       SUM sum, SUM weight) {
  if (c->reduction != 0) {
    *(GLOBAL STORED(T) *)loss = STORE(T, (C)(c->reduction == 2 ? sum / weight : sum));
  }
  if (has_total) *(GLOBAL STORED(T) *)total = STORE(T, (C)weight);
}

// One work item for `chunk` positions: their sums go to `parts`, or, when it is the only one, to the
// outputs.
KERNEL(nll_loss)
(IN(STORED(T), x), IN(STORED(TARGET), target), IN(STORED(T), weight), OUT(STORED(T), loss),
 OUT(STORED(T), total), OUT(SUM, parts), int has_total, Classes c, long count, int rank, Longs dims,
 Longs x_steps, Longs target_steps, Longs loss_steps, long chunk, int is_only, FAULT(fault)) {
  SUM sum = 0, weights = 0;
  FOR_ELEMENTS(i, count, chunk) {
    const long label = class_at(CONST_AT(STORED(TARGET), target),
                                place(i, rank, &dims, &target_steps), &c, fault);
    SUM value = 0;
    if (label >= 0) {
      const SUM w =
          c.weighted ? (SUM)LOAD(T, CONST_AT(STORED(T), weight)[label * c.weight_step]) : (SUM)1;
      const long at = place(i, rank, &dims, &x_steps) + label * c.class_step;
      value = -w * (SUM)LOAD(T, CONST_AT(STORED(T), x)[at]);
      weights += w;
    }
    sum += value;
    if (c.reduction == 0) {
      AT(STORED(T), loss)[place(i, rank, &dims, &loss_steps)] = STORE(T, (C)value);
    }
  }
  if (is_only) {
    if (GLOBAL_ID(0) == 0) {
      write_sums(loss_base + loss_offset, total_base + total_offset, has_total, &c, sum, weights);
    }
  } else if ((long)GLOBAL_ID(0) * chunk < count) {
    AT(SUM, parts)[2 * GLOBAL_ID(0)] = sum;
    AT(SUM, parts)[2 * GLOBAL_ID(0) + 1] = weights;
  }
}

// One work item: the parts, in order.
KERNEL(nll_loss_total)
(OUT(STORED(T), loss), OUT(STORED(T), total), IN(SUM, parts), int has_total, Classes c,
 long count) {
  if (GLOBAL_ID(0) == 0) {
    SUM sum = 0, weights = 0;
    for (long i = 0; i < count; ++i) {
      sum += CONST_AT(SUM, parts)[2 * i];
      weights += CONST_AT(SUM, parts)[2 * i + 1];
    }
    write_sums(loss_base + loss_offset, total_base + total_offset, has_total, &c, sum, weights);
  }
}

KERNEL(nll_loss_grad)
(IN(STORED(T), dloss), IN(STORED(TARGET), target), IN(STORED(T), weight), IN(STORED(T), total),
 OUT(STORED(T), dx), Classes c, long count, int rank, Longs dims, Longs dx_steps,
 Longs target_steps, Longs dloss_steps, long chunk, FAULT(fault)) {
  SUM scale = -1;
  if (c.reduction == 2) scale /= (SUM)LOAD(T, *CONST_AT(STORED(T), total));
  FOR_ELEMENTS(i, count, chunk) {
    const long label = class_at(CONST_AT(STORED(TARGET), target),
                                place(i, rank, &dims, &target_steps), &c, fault);
    GLOBAL STORED(T) *row = AT(STORED(T), dx) + place(i, rank, &dims, &dx_steps);
    for (long k = 0; k < c.classes; ++k) row[k * c.class_step] = STORE(T, (C)0);
    if (label >= 0) {
      const long at = c.reduction == 0 ? place(i, rank, &dims, &dloss_steps) : 0;
      SUM value = scale * (SUM)LOAD(T, CONST_AT(STORED(T), dloss)[at]);
      if (c.weighted) value *= (SUM)LOAD(T, CONST_AT(STORED(T), weight)[label * c.weight_step]);
      row[label * c.class_step] = STORE(T, (C)value);
    }
  }
}
