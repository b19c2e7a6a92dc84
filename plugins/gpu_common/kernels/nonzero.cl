// NonZero in three launches: pieces count what is not zero, the counts are added up, pieces write.
// T: of the elements. A piece is `chunk` elements, a work item each.
// compile: -DT={f32,f64,f16,bf16,i8,i16,i32,i64,u8,u16,u32,u64,b8}
#include "element_types.h"

KERNEL(nonzero_count)
(IN(STORED(T), x), OUT(long, counts), long count, int rank, Longs dims, Longs steps, long chunk) {
  long found = 0;
  FOR_ELEMENTS(i, count, chunk) {
    found += LOAD(T, CONST_AT(STORED(T), x)[place(i, rank, &dims, &steps)]) != (COMPUTE(T))0;
  }
  if ((long)GLOBAL_ID(0) * chunk < count) AT(long, counts)[GLOBAL_ID(0)] = found;
}

// Counts become the number of those before; `result` the dims of the output. More than `bound` fail.
KERNEL(nonzero_sum)
(OUT(long, counts), OUT(long, result), long pieces, long rank, long bound, FAULT(fault)) {
  if (GLOBAL_ID(0) == 0) {
    long sum = 0;
    for (long i = 0; i < pieces; ++i) {
      const long found = AT(long, counts)[i];
      AT(long, counts)[i] = sum;
      sum += found;
    }
    AT(long, result)[0] = rank;
    AT(long, result)[1] = min_long(sum, bound);
    if (sum > bound) RAISE(fault, FAULT_VALUE);
  }
}

KERNEL(nonzero_write)
(OUT(long, y), IN(STORED(T), x), IN(long, counts), long y_row, long y_column, long bound, long count,
 int x_rank, Longs dims, Longs steps, long chunk) {
  long found = (long)GLOBAL_ID(0) * chunk < count ? CONST_AT(long, counts)[GLOBAL_ID(0)] : 0;
  FOR_ELEMENTS(i, count, chunk) {
    if (found < bound &&
        LOAD(T, CONST_AT(STORED(T), x)[place(i, x_rank, &dims, &steps)]) != (COMPUTE(T))0) {
      long rest = i;
      for (int d = 0; d < x_rank; ++d) {  // Innermost first; rows of y are outermost first.
        AT(long, y)[(x_rank - 1 - d) * y_row + found * y_column] = rest % dims.v[d];
        rest /= dims.v[d];
      }
      ++found;
    }
  }
}
