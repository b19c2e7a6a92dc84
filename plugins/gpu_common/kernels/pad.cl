// Pad with elements of the input. T: of the elements' size. MODE: 1 reflect, 2 edge, 3 wrap.
// compile: -DT={u8,u16,u32,u64}
#include "element_types.h"

// The input's index for an index of the output, moved by the padding in front.
DEVICE long source_index(int mode, long i, long extent) {
  if (i >= 0 && i < extent) return i;
  if (mode == 2) return i < 0 ? 0 : extent - 1;
  if (mode == 3) return (i % extent + extent) % extent;
  if (extent == 1) return 0;
  const long period = 2 * (extent - 1);
  const long phase = (i % period + period) % period;
  return phase < extent ? phase : period - phase;
}

KERNEL(pad)
(OUT(STORED(T), y), IN(STORED(T), x), int mode, long count, int rank, Longs y_dims, Longs y_steps,
 Longs x_dims, Longs x_steps, Longs front, long chunk) {
  FOR_ELEMENTS(i, count, chunk) {
    long rest = i, to = 0, from = 0;
    for (int d = 0; d < rank; ++d) {
      const long at = rest % y_dims.v[d];
      rest /= y_dims.v[d];
      to += at * y_steps.v[d];
      from += source_index(mode, at - front.v[d], x_dims.v[d]) * x_steps.v[d];
    }
    AT(STORED(T), y)[to] = CONST_AT(STORED(T), x)[from];
  }
}
