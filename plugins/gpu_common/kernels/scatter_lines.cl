// ScatterElements: `count` updates along each line of the axis, taken in order. Lines never meet.
// Operands of the walk: y, updates, indices, without the axis.
// compile: -DHAS_DOUBLE -DT={u8,u64} -DINDEX={i32,i64} -DUPDATE=replace
// compile: -DHAS_DOUBLE -DT={f32,f64,i64,u8} -DINDEX=i64 -DUPDATE={sum,product,larger,smaller}
#define OPERANDS 3
#include "element_types.h"
#include "loop.h"
#include "indices.h"
#include "scatter_update.h"

// Elements from one update to the next, and between neighbours of y along the axis.
typedef struct {
  long count, extent;
  long y_step, update_step, index_step;
} Axis;

KERNEL(scatter_lines)
(OUT(STORED(T), y), IN(STORED(T), updates), IN(STORED(INDEX), indices), Loop loop, Axis axis,
 FAULT(fault)) {
  FOR_ROWS(loop, at, n) {
    GLOBAL STORED(T) *to = AT(STORED(T), y) + at.place[0];
    GLOBAL const STORED(T) *from = CONST_AT(STORED(T), updates) + at.place[1];
    GLOBAL const STORED(INDEX) *index = CONST_AT(STORED(INDEX), indices) + at.place[2];
    for (long j = 0; j < axis.count; ++j) {
      for (long i = 0; i < n; ++i) {
        const long k = wrapped_index(
            (long)index[i * loop.steps[2][0] + j * axis.index_step], axis.extent);
        if (k < 0) {
          RAISE(fault, FAULT_INDEX);
        } else {
          const STORED(T) update = from[i * loop.steps[1][0] + j * axis.update_step];
          const long place = i * loop.steps[0][0] + k * axis.y_step;
          to[place] = UPDATED(to[place], 1, update);
        }
      }
    }
  }
}
