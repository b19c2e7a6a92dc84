// Range, Trilu and the ones of OneHot: elements that depend on where they stand. T: of the elements.
// compile: -DHAS_DOUBLE -DT={f32,f64,i16,i32,i64,u8,u16,u32,u64} -DINDEX=i64
// compile: -DT=f32 -DINDEX=i32
#include "element_types.h"

#if FLOAT_BITS(T) == 0
#define STEP ulong  // Wraps on the way to what the type does hold.
#elif defined(HAS_DOUBLE)
#define STEP double
#else
#define STEP float
#endif

KERNEL(range)
(OUT(STORED(T), y), STORED(T) start, STORED(T) delta, long step, long count, long chunk) {
  FOR_ELEMENTS(i, count, chunk) {
    AT(STORED(T), y)[i * step] = (STORED(T))((STEP)start + (STEP)i * (STEP)delta);
  }
}

// Rows and columns are the two innermost dims. Kept are columns from the diagonal on, or up to it.
KERNEL(trilu)
(OUT(STORED(T), y), IN(STORED(T), x), int upper, long k, long count, int rank, Longs dims,
 Longs y_steps, Longs x_steps, long chunk) {
  FOR_ELEMENTS(i, count, chunk) {
    const long column = i % dims.v[0], row = i / dims.v[0] % dims.v[1];
    const int kept = upper ? column - row >= k : column - row <= k;
    AT(STORED(T), y)[place(i, rank, &dims, &y_steps)] =
        kept ? CONST_AT(STORED(T), x)[place(i, rank, &dims, &x_steps)] : (STORED(T))0;
  }
}

// For each index, the element at its place on the line of y becomes `on`. Indices out of range leave
// their line as it is, as in ONNX.
#ifdef INDEX
KERNEL(one_hot)
(OUT(STORED(T), y), IN(STORED(INDEX), indices), IN(STORED(T), on), long depth, long step, long count,
 int rank, Longs dims, Longs y_steps, Longs index_steps, long chunk) {
  FOR_ELEMENTS(i, count, chunk) {
    long at = (long)CONST_AT(STORED(INDEX), indices)[place(i, rank, &dims, &index_steps)];
    at += at < 0 ? depth : 0;
    if (at >= 0 && at < depth) {
      AT(STORED(T), y)[place(i, rank, &dims, &y_steps) + at * step] = *CONST_AT(STORED(T), on);
    }
  }
}
#endif
