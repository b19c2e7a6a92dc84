// SPDX-License-Identifier: Apache-2.0
//
// Softmax, LogSoftmax, their gradients and LpNormalization. LOG: 1 for those of LogSoftmax. Lines
// are of one axis. Of processors the compiler makes a second version, for neighbours in memory.
// compile: -DT={float,double} -DA=double -DOPERANDS={2,3} -DITEMS=256 -DWIDTH=1 -DLOG={0,1}
#include "norm_lines.h"

DEVICE void softmax_line(GLOBAL T *RESTRICT y, long y_step, GLOBAL const T *RESTRICT x, long x_step,
                         int n, int item SHARED_PARAMETER) {
  T maxima[WIDTH];
  for (int lane = 0; lane < WIDTH; ++lane) maxima[lane] = -INFINITY;
  const int whole = WIDTH > 1 ? n - n % WIDTH : 0;
  for (int first = 0; first < whole; first += WIDTH) {
    for (int lane = 0; lane < WIDTH; ++lane) {
      const T value = x[(first + lane) * x_step];
      maxima[lane] = value > maxima[lane] ? value : maxima[lane];
    }
  }
  for (int j = whole + item; j < n; j += ITEMS) maxima[0] = fmax(maxima[0], x[j * x_step]);
  T largest = maxima[0];
  for (int lane = 1; lane < WIDTH; ++lane) largest = fmax(largest, maxima[lane]);
  largest = GROUP_MAX(largest);
  // NaN was left aside; it comes back with the exponentials.
#if !LOG
  FOR_LINE(j, n) y[j * y_step] = exp(x[j * x_step] - largest);
#endif
  A sum = 0;
#if LOG
  SUM_LINE(sum, j, n, (A)exp(x[j * x_step] - largest));
#else
  SUM_LINE(sum, j, n, (A)y[j * y_step]);
#endif
  sum = GROUP_SUM(sum);
#if LOG
  const T shift = (T)log(sum);
  FOR_LINE(j, n) y[j * y_step] = (x[j * x_step] - largest) - shift;
#else
  const T factor = (T)(1 / sum);
  FOR_LINE(j, n) y[j * y_step] *= factor;
#endif
}

KERNEL(softmax)(OUT(T, y), IN(T, x), Lines l) {
  SHARED_BY_GROUP
  const int item = (int)LOCAL_ID(0);
  const long y_step = l.steps[0][l.line_rank], x_step = l.steps[1][l.line_rank];
  FOR_LINES(line, l) {
    GLOBAL T *to = AT(T, y) + line_start(&l, line, 0);
    GLOBAL const T *from = CONST_AT(T, x) + line_start(&l, line, 1);
    if (ITEMS == 1 && y_step == 1 && x_step == 1) {
      softmax_line(to, 1, from, 1, l.length, item SHARED_ARGUMENT);
    } else {
      softmax_line(to, y_step, from, x_step, l.length, item SHARED_ARGUMENT);
    }
  }
}

DEVICE void softmax_grad_line(GLOBAL T *RESTRICT dx, long dx_step, GLOBAL const T *RESTRICT dy,
                              long dy_step, GLOBAL const T *RESTRICT y, long y_step, int n,
                              int item SHARED_PARAMETER) {
  A total = 0;
#if LOG
  SUM_LINE(total, j, n, (A)dy[j * dy_step]);
#else
  SUM_LINE(total, j, n, (A)dy[j * dy_step] * (A)y[j * y_step]);
#endif
  const T sum = (T)GROUP_SUM(total);
  FOR_LINE(j, n) {
#if LOG
    dx[j * dx_step] = dy[j * dy_step] - exp(y[j * y_step]) * sum;
#else
    dx[j * dx_step] = y[j * y_step] * (dy[j * dy_step] - sum);
#endif
  }
}

KERNEL(softmax_grad)(OUT(T, dx), IN(T, dy), IN(T, y), Lines l) {
  SHARED_BY_GROUP
  const int item = (int)LOCAL_ID(0), d = l.line_rank;
  const long dx_step = l.steps[0][d], dy_step = l.steps[1][d], y_step = l.steps[2][d];
  FOR_LINES(line, l) {
    GLOBAL T *to = AT(T, dx) + line_start(&l, line, 0);
    GLOBAL const T *from = CONST_AT(T, dy) + line_start(&l, line, 1);
    GLOBAL const T *result = CONST_AT(T, y) + line_start(&l, line, 2);
    if (ITEMS == 1 && dx_step == 1 && dy_step == 1 && y_step == 1) {
      softmax_grad_line(to, 1, from, 1, result, 1, l.length, item SHARED_ARGUMENT);
    } else {
      softmax_grad_line(to, dx_step, from, dy_step, result, y_step, l.length, item SHARED_ARGUMENT);
    }
  }
}

// x / norm; 0 where the norm is 0.
KERNEL(lp_normalization)(OUT(T, y), IN(T, x), Lines l, int p) {
  SHARED_BY_GROUP
  const int item = (int)LOCAL_ID(0);
  const long y_step = l.steps[0][l.line_rank], x_step = l.steps[1][l.line_rank];
  FOR_LINES(line, l) {
    GLOBAL T *to = AT(T, y) + line_start(&l, line, 0);
    GLOBAL const T *from = CONST_AT(T, x) + line_start(&l, line, 1);
    A sum = 0;
    if (p == 1) {
      SUM_LINE(sum, j, l.length, (A)fabs(from[j * x_step]));
    } else {
      SUM_LINE(sum, j, l.length, (A)from[j * x_step] * (A)from[j * x_step]);
    }
    sum = GROUP_SUM(sum);
    const A norm = p == 1 ? sum : sqrt(sum);
    const T factor = (T)(norm == 0 ? (A)0 : 1 / norm);
    FOR_LINE(j, l.length) to[j * y_step] = from[j * x_step] * factor;
  }
}
