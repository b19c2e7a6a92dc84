// Gather, GatherElements, GatherND: each element of y is the one at a place that indices name, from
// where the walk of `data` stands. T: of the elements' size; INDEX: i32 or i64.
// compile: -DHAS_DOUBLE -DT={u8,u16,u32,u64} -DINDEX={i32,i64}
#define OPERANDS 3
#include "element_types.h"
#include "loop.h"
#include "indices.h"

KERNEL(gather)
(OUT(STORED(T), y), IN(STORED(T), data), IN(STORED(INDEX), indices), Loop loop, Places places,
 FAULT(fault)) {
  FOR_ROWS(loop, at, n) {
    GLOBAL STORED(T) *to = AT(STORED(T), y) + at.place[0];
    GLOBAL const STORED(T) *from = CONST_AT(STORED(T), data) + at.place[1];
    GLOBAL const STORED(INDEX) *index = CONST_AT(STORED(INDEX), indices) + at.place[2];
    const long to_step = loop.steps[0][0], from_step = loop.steps[1][0];
    const long index_step = loop.steps[2][0];
    if (index_step == 0) {  // One place for all the row.
      const long place = indexed_place(index, &places, fault);
      if (place != NO_PLACE) {
        if (to_step == 1 && from_step == 1) {
          INDEPENDENT
          for (long i = 0; i < n; ++i) to[i] = from[place + i];
        } else {
          for (long i = 0; i < n; ++i) to[i * to_step] = from[place + i * from_step];
        }
      }
    } else {
      for (long i = 0; i < n; ++i) {
        const long place = indexed_place(index + i * index_step, &places, fault);
        if (place != NO_PLACE) to[i * to_step] = from[place + i * from_step];
      }
    }
  }
}
