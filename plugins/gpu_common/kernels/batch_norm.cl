// SPDX-License-Identifier: Apache-2.0
//
// Batch normalization. What belongs to a channel is brought into a table of rows of one value for
// each channel; it is applied to the elements in the order of memory, so NCHW and channels-last
// data are equally at home. OP: OP_VARIANCE, OP_DOT for the gradient.
// compile: -DT={float,double} -DA=double -DOP={7,8} -DFLOATS=1 -DITEMS=256 -DWIDTH=1
#include "reduction.h"

// Channels of inputs and outputs that lie `strides[i]` apart.
typedef struct {
  long channels, parts;  // Parts of which a channel's State is joined.
  long strides[8];
} Channels;

DEVICE State joined_state(GLOBAL const State *states, long channel, long parts) {
  State s = identity(0);
  for (long part = 0; part < parts; ++part) join(&s, states[channel * parts + part], JOIN_PARTS);
  return s;
}

// Inference: the table's rows are mean, factor and shift.
KERNEL(batch_norm_table)
(OUT(T, table), IN(T, scale), IN(T, shift), IN(T, mean), IN(T, variance), Channels c, A epsilon,
 long chunk) {
  FOR_ELEMENTS(i, c.channels, chunk) {
    const A variance_here = (A)CONST_AT(T, variance)[i * c.strides[3]];
    AT(T, table)[i] = CONST_AT(T, mean)[i * c.strides[2]];
    AT(T, table)[c.channels + i] =
        (T)((A)CONST_AT(T, scale)[i * c.strides[0]] / sqrt(variance_here + epsilon));
    AT(T, table)[2 * c.channels + i] = CONST_AT(T, shift)[i * c.strides[1]];
  }
}

#if OP == OP_VARIANCE
// Training: from the states of the channels' variances.
KERNEL(batch_norm_statistics)
(OUT(T, table), IN(State, states), IN(T, scale), IN(T, shift), IN(T, old_mean), IN(T, old_variance),
 OUT(T, saved_mean), OUT(T, saved_inv), OUT(T, new_mean), OUT(T, new_variance), Channels c,
 A momentum, A epsilon, long chunk) {
  FOR_ELEMENTS(i, c.channels, chunk) {
    const State s = joined_state(CONST_AT(State, states), i, c.parts);
    const A variance = s.squares / s.count, inv = 1 / sqrt(variance + epsilon);
    const A unbiased = s.count > 1 ? s.squares / (s.count - 1) : variance;
    const A factor = scale_base ? (A)CONST_AT(T, scale)[i * c.strides[0]] * inv : inv;
    AT(T, table)[i] = (T)s.mean;
    AT(T, table)[c.channels + i] = (T)factor;
    AT(T, table)[2 * c.channels + i] = shift_base ? CONST_AT(T, shift)[i * c.strides[1]] : (T)0;
    AT(T, saved_mean)[i * c.strides[4]] = (T)s.mean;
    AT(T, saved_inv)[i * c.strides[5]] = (T)inv;
    if (new_mean_base) {
      const A old = old_mean_base ? (A)CONST_AT(T, old_mean)[i * c.strides[2]] : (A)0;
      AT(T, new_mean)[i * c.strides[6]] = (T)((1 - momentum) * old + momentum * s.mean);
    }
    if (new_variance_base) {
      const A old = old_variance_base ? (A)CONST_AT(T, old_variance)[i * c.strides[3]] : (A)0;
      AT(T, new_variance)[i * c.strides[7]] = (T)((1 - momentum) * old + momentum * unbiased);
    }
  }
}
#endif

#if OP == OP_DOT
// The means as accumulators: what is subtracted from x before it is multiplied.
KERNEL(batch_norm_shift)(OUT(A, to), IN(T, mean), Channels c, long chunk) {
  FOR_ELEMENTS(i, c.channels, chunk) AT(A, to)[i] = (A)CONST_AT(T, mean)[i * c.strides[1]];
}

// The gradient, from the states of the sums of dy and of dy * (x - mean). The table's rows are mean,
// a, b and c of dx = a * dy + b * (x - mean) + c.
KERNEL(batch_norm_grad_table)
(OUT(T, table), IN(State, states), IN(T, scale), IN(T, mean), IN(T, inv), OUT(T, dscale),
 OUT(T, dshift), Channels c, A count, int training, long chunk) {
  FOR_ELEMENTS(i, c.channels, chunk) {
    const State s = joined_state(CONST_AT(State, states), i, c.parts);
    const A inv_here = (A)CONST_AT(T, inv)[i * c.strides[2]];
    const A factor = scale_base ? (A)CONST_AT(T, scale)[i * c.strides[0]] * inv_here : inv_here;
    if (dscale_base) AT(T, dscale)[i * c.strides[3]] = (T)(s.dot * inv_here);
    if (dshift_base) AT(T, dshift)[i * c.strides[4]] = (T)s.sum;
    AT(T, table)[i] = CONST_AT(T, mean)[i * c.strides[1]];
    AT(T, table)[c.channels + i] = (T)factor;
    AT(T, table)[2 * c.channels + i] =
        training ? (T)(-factor * inv_here * inv_here * s.dot / count) : (T)0;
    AT(T, table)[3 * c.channels + i] = training ? (T)(-factor * s.sum / count) : (T)0;
  }
}
#endif

// Elements that are neighbours in the innermost dim: how many from i on.
DEVICE long row_at(long i, long end, const Longs *dims) {
  return min_long(end - i, dims->v[0] - i % dims->v[0]);
}

DEVICE void apply_row(GLOBAL T *RESTRICT y, long y_step, GLOBAL const T *RESTRICT x, long x_step,
                      GLOBAL const T *RESTRICT table, long table_step, long channels, long n) {
  if (table_step == 0) {
    const T mean = table[0], factor = table[channels], shift = table[2 * channels];
    for (long j = 0; j < n; ++j) y[j * y_step] = (x[j * x_step] - mean) * factor + shift;
  } else {
    for (long j = 0; j < n; ++j) {
      GLOBAL const T *at = table + j * table_step;
      y[j * y_step] = (x[j * x_step] - at[0]) * at[channels] + at[2 * channels];
    }
  }
}

// y = (x - mean) * factor + shift.
KERNEL(batch_norm_apply)
(OUT(T, y), IN(T, x), IN(T, table), long channels, long count, int rank, Longs dims, Longs y_steps,
 Longs x_steps, Longs table_steps, long chunk) {
  const long begin = (long)GLOBAL_ID(0) * chunk, end = min_long(begin + chunk, count);
  const long y_step = y_steps.v[0], x_step = x_steps.v[0];
  for (long i = begin; i < end;) {
    const long n = row_at(i, end, &dims);
    GLOBAL T *to = AT(T, y) + place(i, rank, &dims, &y_steps);
    GLOBAL const T *from = CONST_AT(T, x) + place(i, rank, &dims, &x_steps);
    GLOBAL const T *row = CONST_AT(T, table) + place(i, rank, &dims, &table_steps);
    if (y_step == 1 && x_step == 1) {
      apply_row(to, 1, from, 1, row, table_steps.v[0], channels, n);
    } else {
      apply_row(to, y_step, from, x_step, row, table_steps.v[0], channels, n);
    }
    i += n;
  }
}

DEVICE void apply_grad_row(GLOBAL T *RESTRICT dx, long dx_step, GLOBAL const T *RESTRICT dy,
                           long dy_step, GLOBAL const T *RESTRICT x, long x_step,
                           GLOBAL const T *RESTRICT table, long table_step, long channels, long n) {
  for (long j = 0; j < n; ++j) {
    GLOBAL const T *at = table + j * table_step;
    const T b = at[2 * channels];
    // Where b is 0, x may be anything.
    const T of_x = b != 0 ? b * (x[j * x_step] - at[0]) : (T)0;
    dx[j * dx_step] = at[channels] * dy[j * dy_step] + of_x + at[3 * channels];
  }
}

// dx = a * dy + b * (x - mean) + c.
KERNEL(batch_norm_grad_apply)
(OUT(T, dx), IN(T, dy), IN(T, x), IN(T, table), long channels, long count, int rank, Longs dims,
 Longs dx_steps, Longs dy_steps, Longs x_steps, Longs table_steps, long chunk) {
  const long begin = (long)GLOBAL_ID(0) * chunk, end = min_long(begin + chunk, count);
  const long dx_step = dx_steps.v[0], dy_step = dy_steps.v[0], x_step = x_steps.v[0];
  for (long i = begin; i < end;) {
    const long n = row_at(i, end, &dims);
    GLOBAL T *to = AT(T, dx) + place(i, rank, &dims, &dx_steps);
    GLOBAL const T *from = CONST_AT(T, dy) + place(i, rank, &dims, &dy_steps);
    GLOBAL const T *data = CONST_AT(T, x) + place(i, rank, &dims, &x_steps);
    GLOBAL const T *row = CONST_AT(T, table) + place(i, rank, &dims, &table_steps);
    const long step = table_steps.v[0];
    if (dx_step == 1 && dy_step == 1 && x_step == 1) {
      if (step == 0) {
        apply_grad_row(to, 1, from, 1, data, 1, row, 0, channels, n);
      } else {
        apply_grad_row(to, 1, from, 1, data, 1, row, step, channels, n);
      }
    } else {
      apply_grad_row(to, dx_step, from, dy_step, data, x_step, row, step, channels, n);
    }
    i += n;
  }
}
