// SPDX-License-Identifier: Apache-2.0
//
// MaxPool and its gradient. T: the element type. LOWEST: what an empty window gives.
// compile: -DT={float,double} -DLOWEST=-INFINITY
// compile: -DT=schar -DLOWEST=-128
// compile: -DT=uchar -DLOWEST=0
#include "pool.h"

// Option: 0 counts indices in the tensor, 1 in it with the first spatial dim fastest, 2 in the
// channel's plane.
KERNEL(max_pool)(OUT(T, y), OUT(long, indices), IN(T, x), Pool p, long chunk) {
  FOR_ELEMENTS(i, p.count, chunk) {
    long at[5];
    pool_place(i, p.channels, p.y_dims, at);
    GLOBAL const T *plane = CONST_AT(T, x) + at[0] * p.x[0] + at[1] * p.x[1];
    int begin[3], first[3], end[3];
    for (int d = 0; d < 3; ++d) {
      begin[d] = (int)at[2 + d] * p.strides[d] - p.pads_begin[d];
      pool_taps(&p, d, begin[d], 0, p.x_dims[d], &first[d], &end[d]);
    }
    T best = LOWEST;
    long where = -1;
    for (int t0 = first[0]; t0 < end[0]; ++t0) {
      const int i0 = begin[0] + t0 * p.dilations[0];
      for (int t1 = first[1]; t1 < end[1]; ++t1) {
        const int i1 = begin[1] + t1 * p.dilations[1];
        GLOBAL const T *row = plane + i0 * p.x[2] + i1 * p.x[3];
        const long row_place = ((long)i0 * p.x_dims[1] + i1) * p.x_dims[2];
        for (int t2 = first[2]; t2 < end[2]; ++t2) {
          const int i2 = begin[2] + t2 * p.dilations[2];
          const T value = row[i2 * p.x[4]];
          // The first wins, however low; then a larger one, or NaN over a number.
          if (where < 0 || value > best || (value != value && best == best)) {
            best = value;
            where = row_place + i2;
          }
        }
      }
    }
    AT(T, y)[pool_offset(at, p.y)] = best;
    if (indices_base) {
      if (where >= 0 && p.option < 2) {
        const long size = (long)p.x_dims[0] * p.x_dims[1] * p.x_dims[2];
        if (p.option == 1) {
          const long i2 = where % p.x_dims[2], rest = where / p.x_dims[2];
          const long i1 = rest % p.x_dims[1], i0 = rest / p.x_dims[1];
          where = i0 + p.x_dims[0] * (i1 + p.x_dims[1] * i2);
        }
        where += (at[0] * p.channels + at[1]) * size;
      }
      AT(long, indices)[pool_offset(at, p.indices)] = where;
    }
  }
}

// An item adds up whole planes, in ascending order of dY's elements. p.x describes dX.
KERNEL(max_pool_grad)
(OUT(T, dx), IN(T, dy), IN(long, indices), Pool p, FAULT(fault), long planes, long chunk) {
  const long cells = (long)p.x_dims[0] * p.x_dims[1] * p.x_dims[2];
  const long outputs = (long)p.y_dims[0] * p.y_dims[1] * p.y_dims[2];
  FOR_ELEMENTS(plane, planes, chunk) {
    long at[5];
    for (long i = 0; i < cells; ++i) {
      pool_place(plane * cells + i, p.channels, p.x_dims, at);
      AT(T, dx)[pool_offset(at, p.x)] = (T)0;
    }
    for (long i = 0; i < outputs; ++i) {
      pool_place(plane * outputs + i, p.channels, p.y_dims, at);
      const T value = CONST_AT(T, dy)[pool_offset(at, p.y)];
      const long cell = CONST_AT(long, indices)[pool_offset(at, p.indices)];
      if (cell < 0 || cell >= cells) {
        RAISE(fault, FAULT_INDEX);
        continue;
      }
      pool_place(plane * cells + cell, p.channels, p.x_dims, at);
      AT(T, dx)[pool_offset(at, p.x)] += value;
    }
  }
}
