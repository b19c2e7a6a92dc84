// SPDX-License-Identifier: Apache-2.0
//
// LayerNormalization and its gradient. A line is the elements that are normalized together, of any
// number of axes.
// compile: -DT={float,double} -DA=double -DOPERANDS=6 -DITEMS=256 -DWIDTH=1
#include "norm_lines.h"

KERNEL(layer_norm)
(OUT(T, y), IN(T, x), IN(T, scale), IN(T, shift), OUT(T, mean_out), OUT(T, inv_out), Lines l,
 A epsilon) {
  SHARED_BY_GROUP
  const int item = (int)LOCAL_ID(0), n = l.length, d = l.line_rank;
  const long y_step = l.steps[0][d], x_step = l.steps[1][d];
  const long scale_step = l.steps[2][d], shift_step = l.steps[3][d];
  GLOBAL const T *weight = CONST_AT(T, scale);
  GLOBAL const T *bias = CONST_AT(T, shift);
  const int plain = l.inner_rank <= 1 && y_step == 1 && x_step == 1 && scale_base && shift_base &&
                    scale_step == 1 && shift_step == 1;
  FOR_LINES(line, l) {
    GLOBAL T *RESTRICT to = AT(T, y) + line_start(&l, line, 0);
    GLOBAL const T *RESTRICT from = CONST_AT(T, x) + line_start(&l, line, 1);
    A sum = 0, squares = 0;
    if (l.inner_rank <= 1 && x_step == 1) {
      SUM_LINE(sum, j, n, (A)from[j]);
    } else {
      SUM_LINE(sum, j, n, (A)from[line_place(&l, j, 1, x_step)]);
    }
    const A mean = GROUP_SUM(sum) / (A)n;
    if (l.inner_rank <= 1 && x_step == 1) {
      SUM_LINE(squares, j, n, ((A)from[j] - mean) * ((A)from[j] - mean));
    } else {
      FOR_LINE(j, n) {
        const A distance = (A)from[line_place(&l, j, 1, x_step)] - mean;
        squares += distance * distance;
      }
    }
    const A inv = 1 / sqrt(GROUP_SUM(squares) / (A)n + epsilon);
    if (item == 0 && mean_out_base) AT(T, mean_out)[line_start(&l, line, 4)] = (T)mean;
    if (item == 0 && inv_out_base) AT(T, inv_out)[line_start(&l, line, 5)] = (T)inv;
    if (plain) {
      FOR_LINE(j, n) to[j] = (T)(((A)from[j] - mean) * inv * (A)weight[j] + (A)bias[j]);
    } else {
      FOR_LINE(j, n) {
        A value = ((A)from[line_place(&l, j, 1, x_step)] - mean) * inv;
        if (scale_base) value *= (A)weight[line_place(&l, j, 2, scale_step)];
        if (shift_base) value += (A)bias[line_place(&l, j, 3, shift_step)];
        to[line_place(&l, j, 0, y_step)] = (T)value;
      }
    }
  }
}

KERNEL(layer_norm_grad)
(OUT(T, dx), IN(T, dy), IN(T, x), IN(T, scale), IN(T, mean), IN(T, inv), Lines l) {
  SHARED_BY_GROUP
  const int item = (int)LOCAL_ID(0), n = l.length, d = l.line_rank;
  const long dx_step = l.steps[0][d], dy_step = l.steps[1][d];
  const long x_step = l.steps[2][d], scale_step = l.steps[3][d];
  GLOBAL const T *weight = CONST_AT(T, scale);
  const int plain = l.inner_rank <= 1 && dx_step == 1 && dy_step == 1 && x_step == 1 &&
                    scale_base && scale_step == 1;
  FOR_LINES(line, l) {
    GLOBAL T *RESTRICT to = AT(T, dx) + line_start(&l, line, 0);
    GLOBAL const T *RESTRICT from = CONST_AT(T, dy) + line_start(&l, line, 1);
    GLOBAL const T *RESTRICT data = CONST_AT(T, x) + line_start(&l, line, 2);
    const A mean_here = (A)CONST_AT(T, mean)[line_start(&l, line, 4)];
    const A inv_here = (A)CONST_AT(T, inv)[line_start(&l, line, 5)];
    // Sums of g = dy * scale and of g * xhat.
    A sum = 0, dot = 0;
    if (plain) {
      SUM_LINE(sum, j, n, (A)from[j] * (A)weight[j]);
      SUM_LINE(dot, j, n,
               (A)from[j] * (A)weight[j] * (((A)data[j] - mean_here) * inv_here));
    } else {
      FOR_LINE(j, n) {
        A g = (A)from[line_place(&l, j, 1, dy_step)];
        if (scale_base) g *= (A)weight[line_place(&l, j, 3, scale_step)];
        sum += g;
        dot += g * (((A)data[line_place(&l, j, 2, x_step)] - mean_here) * inv_here);
      }
    }
    sum = GROUP_SUM(sum) / (A)n;
    dot = GROUP_SUM(dot) / (A)n;
    if (plain) {
      FOR_LINE(j, n) {
        const A hat = ((A)data[j] - mean_here) * inv_here;
        to[j] = (T)(inv_here * ((A)from[j] * (A)weight[j] - sum - hat * dot));
      }
    } else {
      FOR_LINE(j, n) {
        A g = (A)from[line_place(&l, j, 1, dy_step)];
        if (scale_base) g *= (A)weight[line_place(&l, j, 3, scale_step)];
        const A hat = ((A)data[line_place(&l, j, 2, x_step)] - mean_here) * inv_here;
        to[line_place(&l, j, 0, dx_step)] = (T)(inv_here * (g - sum - hat * dot));
      }
    }
  }
}

// dScale and dB: sums over all lines, in their order. A group computes SIDE * WIDTH columns;
// ITEMS / SIDE items share a column.
#if ITEMS == 1
#define SIDE 1
#else
#define SIDE 32
#endif
KERNEL(layer_norm_affine)
(OUT(T, dscale), OUT(T, dshift), IN(T, dy), IN(T, x), IN(T, mean), IN(T, inv), Lines l) {
#if ITEMS > 1
  LOCAL_ARRAY(A, shared, 2 * ITEMS);
#endif
  const int item = (int)LOCAL_ID(0), slice = item / SIDE, slices = ITEMS / SIDE;
  const long d = l.line_rank, dy_step = l.steps[2][d], x_step = l.steps[3][d];
  const int first = ((int)GROUP_ID(0) * SIDE + item % SIDE) * WIDTH;
  const int columns = min(l.length - first, WIDTH);
  A weighted[WIDTH], plain[WIDTH];
  long at_dy[WIDTH], at_x[WIDTH];
  for (int c = 0; c < WIDTH; ++c) {
    weighted[c] = plain[c] = 0;
    at_dy[c] = c < columns ? line_place(&l, first + c, 2, dy_step) : 0;
    at_x[c] = c < columns ? line_place(&l, first + c, 3, x_step) : 0;
  }
  for (long line = slice; line < l.lines; line += slices) {
    const A mean_here = (A)CONST_AT(T, mean)[line_start(&l, line, 4)];
    const A inv_here = (A)CONST_AT(T, inv)[line_start(&l, line, 5)];
    GLOBAL const T *from = CONST_AT(T, dy) + line_start(&l, line, 2);
    GLOBAL const T *data = CONST_AT(T, x) + line_start(&l, line, 3);
    if (columns == WIDTH && l.inner_rank <= 1 && dy_step == 1 && x_step == 1) {
      for (int c = 0; c < WIDTH; ++c) {
        weighted[c] += (A)from[first + c] * (((A)data[first + c] - mean_here) * inv_here);
        plain[c] += (A)from[first + c];
      }
    } else {
      for (int c = 0; c < columns; ++c) {
        weighted[c] += (A)from[at_dy[c]] * (((A)data[at_x[c]] - mean_here) * inv_here);
        plain[c] += (A)from[at_dy[c]];
      }
    }
  }
#if ITEMS > 1
  shared[item] = weighted[0];
  shared[ITEMS + item] = plain[0];
  BARRIER();
  if (slice > 0) return;
  for (int s = 1; s < slices; ++s) {
    weighted[0] += shared[s * SIDE + item];
    plain[0] += shared[ITEMS + s * SIDE + item];
  }
#endif
  for (int c = 0; c < columns; ++c) {
    if (dscale_base) AT(T, dscale)[line_place(&l, first + c, 0, l.steps[0][d])] = (T)weighted[c];
    if (dshift_base) AT(T, dshift)[line_place(&l, first + c, 1, l.steps[1][d])] = (T)plain[c];
  }
}
