// SPDX-License-Identifier: Apache-2.0
//
// Reductions over any axes, see reduction.h. Further definitions:
//
//   R             type of the outputs
//   FINISH        what the output is of the state, see finish()
//   S             A with a sign, for means of integers
//   COLUMNS       results that an item of reduce_columns computes side by side
// compile: -DT={float,double} -DA=double -DOP={0,1,2,3,4,5,6,7} -DFLOATS=1 -DITEMS=256 -DWIDTH=1 -DR=T -DS=ulong -DFINISH=0 -DLAST=0 -DCOLUMNS=1
// compile: -DT={float,double} -DA=double -DOP=0 -DFLOATS=1 -DITEMS=256 -DWIDTH=1 -DR=T -DS=ulong -DFINISH=1 -DLAST=0 -DCOLUMNS=1
// compile: -DT={float,double} -DA=double -DOP=1 -DFLOATS=1 -DITEMS=256 -DWIDTH=1 -DR=T -DS=ulong -DFINISH=2 -DLAST=0 -DCOLUMNS=1
// compile: -DT={schar,long} -DA=ulong -DOP={0,1,2,3,4,5} -DFLOATS=0 -DITEMS=256 -DWIDTH=1 -DR=T -DS=long -DFINISH=0 -DLAST=0 -DCOLUMNS=1
// compile: -DT={schar,int} -DA=ulong -DOP=0 -DFLOATS=0 -DITEMS=256 -DWIDTH=1 -DR=T -DS=long -DFINISH=1 -DLAST=0 -DCOLUMNS=1
// compile: -DT={uint} -DA=ulong -DOP={0,1,2,3,4,5} -DFLOATS=0 -DITEMS=256 -DWIDTH=1 -DR=T -DS=ulong -DFINISH=0 -DLAST=0 -DCOLUMNS=1
// compile: -DT=ulong -DA=ulong -DOP=0 -DFLOATS=0 -DITEMS=256 -DWIDTH=1 -DR=T -DS=ulong -DFINISH=1 -DLAST=0 -DCOLUMNS=1
// compile: -DT=uchar -DA=ulong -DOP={4,5} -DFLOATS=0 -DITEMS=256 -DWIDTH=1 -DR=T -DS=ulong -DFINISH=3 -DLAST=0 -DCOLUMNS=1
// compile: -DT={float,double} -DA=double -DOP={9,10} -DFLOATS=1 -DITEMS=256 -DWIDTH=1 -DR=long -DS=ulong -DFINISH=0 -DLAST={0,1} -DCOLUMNS=1
// compile: -DT={int,long} -DA=ulong -DOP={9,10} -DFLOATS=0 -DITEMS=256 -DWIDTH=1 -DR=long -DS=long -DFINISH=0 -DLAST={0,1} -DCOLUMNS=1
#include "reduction.h"

#define FINISH_VALUE 0
#define FINISH_MEAN 1
#define FINISH_ROOT 2
#define FINISH_TRUTH 3

DEVICE R finish(State s, long n) {
#if OP == OP_LOG_SUM_EXP
  return (R)((A)s.largest + log(s.sum));
#elif OP == OP_ARG_MAX || OP == OP_ARG_MIN
  return (R)s.index;
#elif OP == OP_VARIANCE || OP == OP_DOT
  return 0;
#elif FINISH == FINISH_MEAN && FLOATS
  return (R)(s.value / (A)n);
#elif FINISH == FINISH_MEAN
  return n == 0 ? (R)0 : (R)((S)s.value / (S)n);
#elif FINISH == FINISH_ROOT
  return (R)sqrt(s.value);
#elif FINISH == FINISH_TRUTH
  return s.value != 0;
#else
  return (R)s.value;
#endif
}

DEVICE void write_state(const Reduction *r, long result, State s, A extra, GLOBAL R *out,
                        GLOBAL R *out2) {
  const long n = r->elements;
#if OP == OP_VARIANCE
  // No elements or too few: 0 / 0, x / 0 and x / -1, of which the last is no variance either.
  const A divisor = (A)n - extra > 0 ? (A)n - extra : (A)0;
  out[first_element(r, result, r->out)] = n == 0 ? NAN : (R)(s.squares / divisor);
  if (out2) out2[first_element(r, result, r->out2)] = n == 0 ? NAN : (R)s.mean;
#else
  out[first_element(r, result, r->out)] = finish(s, n);
#endif
}

// Results by rows: a group for each part. With `partial`, states go there: [result][chunk].
KERNEL(reduce_rows)
(OUT(R, out), OUT(R, out2), OUT(State, partial), IN(T, x), IN(T, y), IN(A, shift), Reduction r,
 A extra, T lowest) {
#if ITEMS > 1
  LOCAL_ARRAY(State, shared, ITEMS);
#endif
  const int item = (int)LOCAL_ID(0);
  const long tasks = r.results * r.chunks, first = (long)GROUP_ID(0) * r.per_group;
  for (long task = first; task < min_long(first + r.per_group, tasks); ++task) {
    const long result = task / r.chunks, part = task - result * r.chunks;
    const long begin = part * r.chunk, end = min_long(begin + r.chunk, r.elements);
    GLOBAL const T *x_at = CONST_AT(T, x) + first_element(&r, result, r.x);
    GLOBAL const T *y_at = CONST_AT(T, y);
    A mean = 0;
#if OP == OP_DOT
    y_at += first_element(&r, result, r.y);
    mean = CONST_AT(A, shift)[result];
#endif
    State state;
    for (int pass = 0; pass < (OP == OP_VARIANCE ? 2 : 1); ++pass) {
      state = take_elements(&r, x_at, y_at, begin, end, mean, pass, lowest, item);
#if ITEMS > 1
      shared[item] = state;
      BARRIER();
      for (int other = ITEMS / 2; other > 0; other /= 2) {
        if (item < other) {
          State joined = shared[item];
          join(&joined, shared[item + other], pass);
          shared[item] = joined;
        }
        BARRIER();
      }
      state = shared[0];
      BARRIER();
#endif
#if OP == OP_VARIANCE
      if (pass == 0) mean = end > begin ? state.mean / (A)(end - begin) : (A)0;
#endif
    }
#if OP == OP_VARIANCE
    state.count = (A)max_long(end - begin, 0);
    state.mean = mean;
#endif
    if (item == 0) {
      if (partial_base) {
        AT(State, partial)[task] = state;
      } else {
        write_state(&r, result, state, extra, AT(R, out), out2_base ? AT(R, out2) : 0);
      }
    }
  }
}

// COLUMNS results that are neighbours in the innermost kept dim: an item for each part of so many.
KERNEL(reduce_columns)
(OUT(R, out), OUT(R, out2), OUT(State, partial), IN(T, x), IN(T, y), IN(A, shift), Reduction r,
 A extra, T lowest) {
  const long inner = r.kept_rank > 0 ? r.dims[0] : 1;
  const long blocks = (inner + COLUMNS - 1) / COLUMNS;
  const long tasks = r.results / inner * blocks * r.chunks;
  const long first = (long)GLOBAL_ID(0) * r.per_group;
  for (long task = first; task < min_long(first + r.per_group, tasks); ++task) {
    const long part = task % r.chunks, block = task / r.chunks;
    const long result = block / blocks * inner + block % blocks * COLUMNS;
    const int columns = (int)min_long(COLUMNS, inner - block % blocks * COLUMNS);
    const long begin = part * r.chunk, end = min_long(begin + r.chunk, r.elements);
    const long x_step = r.x[0], y_step = OP == OP_DOT ? r.y[0] : 1;
    GLOBAL const T *x_at = CONST_AT(T, x) + first_element(&r, result, r.x);
    GLOBAL const T *y_at = CONST_AT(T, y);
    State states[COLUMNS];
    A means[COLUMNS];
    for (int c = 0; c < COLUMNS; ++c) means[c] = 0;
#if OP == OP_DOT
    y_at += first_element(&r, result, r.y);
    for (int c = 0; c < columns; ++c) means[c] = CONST_AT(A, shift)[result + c];
#endif
    for (int pass = 0; pass < (OP == OP_VARIANCE ? 2 : 1); ++pass) {
      for (int c = 0; c < COLUMNS; ++c) states[c] = identity(lowest);
      for (long i = begin; i < end; ++i) {
        long rest = i, at_x = 0, at_y = 0;
        for (int d = 0; d < r.reduced_rank; ++d) {
          const int at = r.kept_rank + d;
          const long next = d + 1 < r.reduced_rank ? rest / r.dims[at] : 0;
          at_x += (rest - next * r.dims[at]) * r.x[at];
          at_y += (rest - next * r.dims[at]) * r.y[at];
          rest = next;
        }
        if (columns == COLUMNS && x_step == 1 && y_step == 1) {
          for (int c = 0; c < COLUMNS; ++c) {
            step(&states[c], x_at[at_x + c], OP == OP_DOT ? y_at[at_y + c] : (T)0, i, means[c],
                 pass);
          }
        } else {
          for (int c = 0; c < columns; ++c) {
            step(&states[c], x_at[at_x + c * x_step],
                 OP == OP_DOT ? y_at[at_y + c * y_step] : (T)0, i, means[c], pass);
          }
        }
      }
#if OP == OP_VARIANCE
      if (pass == 0) {
        for (int c = 0; c < COLUMNS; ++c)
          means[c] = end > begin ? states[c].mean / (A)(end - begin) : (A)0;
      }
#endif
    }
    for (int c = 0; c < columns; ++c) {
#if OP == OP_VARIANCE
      states[c].count = (A)max_long(end - begin, 0);
      states[c].mean = means[c];
#endif
      if (partial_base) {
        AT(State, partial)[(result + c) * r.chunks + part] = states[c];
      } else {
        write_state(&r, result + c, states[c], extra, AT(R, out), out2_base ? AT(R, out2) : 0);
      }
    }
  }
}

// Joins the parts of each result, in order.
KERNEL(reduce_join)
(OUT(R, out), OUT(R, out2), IN(State, partial), Reduction r, A extra, T lowest, long chunk) {
  FOR_ELEMENTS(result, r.results, chunk) {
    State state = identity(lowest);
    for (long part = 0; part < r.chunks; ++part)
      join(&state, CONST_AT(State, partial)[result * r.chunks + part], JOIN_PARTS);
    write_state(&r, result, state, extra, AT(R, out), out2_base ? AT(R, out2) : 0);
  }
}
