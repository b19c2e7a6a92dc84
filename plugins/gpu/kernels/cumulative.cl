// SPDX-License-Identifier: Apache-2.0
//
// CumSum: an item walks whole lines along the axis. T, A: element type and accumulator.

KERNEL(cumulative_sum)
(OUT(T, y), IN(T, x), long lines, int rank, Longs dims, Longs y_steps, Longs x_steps, long length,
 long y_step, long x_step, int exclusive, int reverse, long chunk) {
  FOR_ELEMENTS(line, lines, chunk) {
    GLOBAL T *to = AT(T, y) + place(line, rank, &dims, &y_steps);
    GLOBAL const T *from = CONST_AT(T, x) + place(line, rank, &dims, &x_steps);
    A total = 0;
    for (long i = 0; i < length; ++i) {
      const long at = reverse ? length - 1 - i : i;
      const A next = total + (A)from[at * x_step];
      to[at * y_step] = (T)(exclusive ? total : next);
      total = next;
    }
  }
}
