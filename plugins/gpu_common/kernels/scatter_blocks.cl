// ScatterND, IndexAdd, EmbeddingGrad: blocks of updates that go to places which indices name. Blocks
// may meet, so work items share the columns of the blocks, never the blocks: each takes all of
// them in order, and sums always come out the same. Operands of the walk: a block of y, of updates.
// compile: -DHAS_DOUBLE -DT={u8,u64} -DINDEX={i32,i64} -DUPDATE=replace
// compile: -DHAS_DOUBLE -DT={f32,f64,i64,u8} -DINDEX=i64 -DUPDATE={sum,product,larger,smaller}
#define OPERANDS 2
#include "element_types.h"
#include "loop.h"
#include "indices.h"
#include "scatter_update.h"

// The blocks, innermost dim first; steps in elements. Those whose first index is `left_out` (if not
// negative) are left out.
typedef struct {
  long count, left_out;
  int rank, reserved;
  long dims[INDEX_DEPTH];
  long index_steps[INDEX_DEPTH];
  long update_steps[INDEX_DEPTH];
} Blocks;

KERNEL(scatter_blocks)
(OUT(STORED(T), y), IN(STORED(T), updates), IN(STORED(INDEX), indices), Loop loop, Blocks blocks,
 Places places, STORED(T) alpha, FAULT(fault)) {
  FOR_ROWS(loop, at, n) {
    const long to_step = loop.steps[0][0], from_step = loop.steps[1][0];
    for (long b = 0; b < blocks.count; ++b) {
      long rest = b, index_at = 0, update_at = 0;
      for (int d = 0; d < blocks.rank; ++d) {
        const long i = d + 1 < blocks.rank ? rest % blocks.dims[d] : rest;
        rest = d + 1 < blocks.rank ? rest / blocks.dims[d] : 0;
        index_at += i * blocks.index_steps[d];
        update_at += i * blocks.update_steps[d];
      }
      GLOBAL const STORED(INDEX) *index = CONST_AT(STORED(INDEX), indices) + index_at;
      const long place = indexed_place(index, &places, fault);
      const int left_out =
          blocks.left_out >= 0 && wrapped_index((long)*index, places.extents[0]) == blocks.left_out;
      if (place != NO_PLACE && !left_out) {
        GLOBAL STORED(T) *to = AT(STORED(T), y) + at.place[0] + place;
        GLOBAL const STORED(T) *from = CONST_AT(STORED(T), updates) + at.place[1] + update_at;
        if (to_step == 1 && from_step == 1) {
          INDEPENDENT
          for (long i = 0; i < n; ++i) to[i] = UPDATED(to[i], alpha, from[i]);
        } else {
          for (long i = 0; i < n; ++i) {
            to[i * to_step] = UPDATED(to[i * to_step], alpha, from[i * from_step]);
          }
        }
      }
    }
  }
}
