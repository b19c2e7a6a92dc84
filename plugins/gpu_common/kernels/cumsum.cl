// CumSum, or with PRODUCT CumProd: a work item adds up whole lines. T: of the elements. Operands of the walk: y, x, without
// the axis.
// compile: -DHAS_DOUBLE -DT={f32,f64,f16,bf16,i8,i16,i32,i64,u8,u16,u32,u64}
// compile: -DT=f32
// compile: -DHAS_DOUBLE -DT={f32,f16,i8,u64} -DPRODUCT
#define OPERANDS 2
#include "element_types.h"
#include "loop.h"

#if FLOAT_BITS(T) == 0
#define SUM ulong
#elif defined(HAS_DOUBLE)
#define SUM double
#else
#define SUM float
#endif

#ifdef PRODUCT
#define START (SUM)1
#define NEXT(sum, x) ((sum) * (x))
#else
#define START (SUM)0
#define NEXT(sum, x) ((sum) + (x))
#endif

// Neighbours along the axis are these steps apart; the first element is at `y_first`, `x_first`.
typedef struct {
  long count, y_first, x_first, y_step, x_step, exclusive;
} Line;

KERNEL(cumsum)(OUT(STORED(T), y), IN(STORED(T), x), Loop loop, Line line) {
  FOR_ROWS(loop, at, n) {
    for (long i = 0; i < n; ++i) {
      GLOBAL STORED(T) *to =
          AT(STORED(T), y) + at.place[0] + i * loop.steps[0][0] + line.y_first;
      GLOBAL const STORED(T) *from =
          CONST_AT(STORED(T), x) + at.place[1] + i * loop.steps[1][0] + line.x_first;
      SUM sum = START;
      for (long j = 0; j < line.count; ++j) {
        const SUM next = NEXT(sum, (SUM)LOAD(T, from[j * line.x_step]));
        to[j * line.y_step] = STORE(T, (COMPUTE(T))(line.exclusive ? sum : next));
        sum = next;
      }
    }
  }
}
