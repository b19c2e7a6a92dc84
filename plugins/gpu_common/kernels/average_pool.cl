// SPDX-License-Identifier: Apache-2.0
//
// AveragePool and its gradient. T: the element type.
// compile: -DT={float,double}
#include "pool.h"

// What the sum of a window is divided by, along axis d: the taps inside X, or with padding those
// inside the padded X. What ceil_mode puts beyond the padding never counts.
DEVICE int taps_that_count(const Pool *p, int d, int position) {
  const int low = p->option ? -p->pads_begin[d] : 0;
  const int high = p->x_dims[d] + (p->option ? p->pads_end[d] : 0);
  const int begin = position * p->strides[d] - p->pads_begin[d];
  int first, end;
  pool_taps(p, d, begin, low, high, &first, &end);
  return max(end - first, 0);
}

KERNEL(average_pool)(OUT(T, y), IN(T, x), Pool p, long chunk) {
  FOR_ELEMENTS(i, p.count, chunk) {
    long at[5];
    pool_place(i, p.channels, p.y_dims, at);
    GLOBAL const T *plane = CONST_AT(T, x) + at[0] * p.x[0] + at[1] * p.x[1];
    int begin[3], first[3], end[3];
    long divisor = 1;
    for (int d = 0; d < 3; ++d) {
      begin[d] = (int)at[2 + d] * p.strides[d] - p.pads_begin[d];
      pool_taps(&p, d, begin[d], 0, p.x_dims[d], &first[d], &end[d]);
      divisor *= taps_that_count(&p, d, (int)at[2 + d]);
    }
    T sum = 0;
    for (int t0 = first[0]; t0 < end[0]; ++t0) {
      const int i0 = begin[0] + t0 * p.dilations[0];
      for (int t1 = first[1]; t1 < end[1]; ++t1) {
        const int i1 = begin[1] + t1 * p.dilations[1];
        GLOBAL const T *row = plane + i0 * p.x[2] + i1 * p.x[3];
        for (int t2 = first[2]; t2 < end[2]; ++t2)
          sum += row[(begin[2] + t2 * p.dilations[2]) * p.x[4]];
      }
    }
    AT(T, y)[pool_offset(at, p.y)] = sum / (T)divisor;
  }
}

// Each element of dX sums its share of the windows that hold it, in ascending order. Dilation is 1.
KERNEL(average_pool_grad)(OUT(T, dx), IN(T, dy), Pool p, long chunk) {
  FOR_ELEMENTS(i, p.count, chunk) {
    long at[5];
    pool_place(i, p.channels, p.x_dims, at);
    GLOBAL const T *plane = CONST_AT(T, dy) + at[0] * p.y[0] + at[1] * p.y[1];
    int first[3], last[3];
    for (int d = 0; d < 3; ++d) {
      const int padded = (int)at[2 + d] + p.pads_begin[d], before = padded - p.taps[d] + 1;
      first[d] = before <= 0 ? 0 : (before + p.strides[d] - 1) / p.strides[d];
      last[d] = min(padded / p.strides[d] + 1, p.y_dims[d]);
    }
    T sum = 0;
    for (int o0 = first[0]; o0 < last[0]; ++o0) {
      for (int o1 = first[1]; o1 < last[1]; ++o1) {
        const long outer = (long)taps_that_count(&p, 0, o0) * taps_that_count(&p, 1, o1);
        for (int o2 = first[2]; o2 < last[2]; ++o2) {
          sum += plane[o0 * p.y[2] + o1 * p.y[3] + o2 * p.y[4]] /
                 (T)(outer * taps_that_count(&p, 2, o2));
        }
      }
    }
    AT(T, dx)[pool_offset(at, p.x)] = sum;
  }
}
