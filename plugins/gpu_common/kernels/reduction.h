// SPDX-License-Identifier: Apache-2.0
//
// Reductions: how a partial result is kept (State), and the walk over the elements of one. The host
// (operators/reduction.h) defines
//
//   T, A          element type; accumulator: double or float, ulong for integers (sums wrap)
//   OP            one of the numbers below
//   FLOATS        whether T is a float type (and may be NaN)
//   ITEMS, WIDTH  work items that share a result, and states side by side in an item: many items
//                 of one state on GPUs, one item of many states, for its vector unit, on CPUs

#define OP_SUM 0
#define OP_SUM_SQUARE 1
#define OP_SUM_ABSOLUTE 2
#define OP_PRODUCT 3
#define OP_MAX 4
#define OP_MIN 5
#define OP_LOG_SUM_EXP 6
#define OP_VARIANCE 7
#define OP_DOT 8  // Sums of x and of x * (y - shift of the result).
#define OP_ARG_MAX 9
#define OP_ARG_MIN 10

#if OP == OP_LOG_SUM_EXP
typedef struct {
  A sum;
  T largest;
} State;
#elif OP == OP_VARIANCE
typedef struct {
  A count, mean, squares;
} State;
#elif OP == OP_DOT
typedef struct {
  A sum, dot;
} State;
#elif OP == OP_ARG_MAX || OP == OP_ARG_MIN
typedef struct {
  long index;  // -1: of no element.
  T value;
} State;
#elif OP == OP_MAX || OP == OP_MIN
typedef struct {
  T value;
} State;
#else
typedef struct {
  A value;
} State;
#endif

// Dims are in elements of the data: those kept first, then those reduced, innermost first.
typedef struct {
  long results, elements, chunks, chunk;  // Each result is of `chunks` parts of `chunk` elements.
  long per_group;                         // Tasks of one group: a task is a part of a result.
  int kept_rank, reduced_rank;
  int dims[16];
  long x[16], y[16];      // Steps of the data.
  long out[16], out2[16]; // Of the outputs, in dims that are kept.
} Reduction;

DEVICE State identity(T lowest) {
  State s;
#if OP == OP_LOG_SUM_EXP
  s.sum = 0;
  s.largest = -INFINITY;
#elif OP == OP_VARIANCE
  s.count = s.mean = s.squares = 0;
#elif OP == OP_DOT
  s.sum = s.dot = 0;
#elif OP == OP_ARG_MAX || OP == OP_ARG_MIN
  s.index = -1;
  s.value = 0;
#elif OP == OP_MAX || OP == OP_MIN
  s.value = lowest;
#elif OP == OP_PRODUCT
  s.value = 1;
#else
  s.value = 0;
#endif
  return s;
}

#if OP == OP_ARG_MAX || OP == OP_ARG_MIN
// Of equals the first wins, or the last where LAST is 1. NaN is better than anything.
DEVICE int better(T value, long index, const State *s) {
  if (s->index < 0) return 1;
#if FLOATS
  const int nan = value != value, was_nan = s->value != s->value;
  if (nan || was_nan) return nan && (!was_nan || (LAST ? index > s->index : index < s->index));
#endif
  if (value == s->value) return LAST ? index > s->index : index < s->index;
  return OP == OP_ARG_MAX ? value > s->value : value < s->value;
}
#endif

// `pass`: the variance takes two, of which the second knows the mean.
DEVICE void step(State *s, T x, T y, long index, A mean, int pass) {
#if OP == OP_SUM
  s->value += (A)x;
#elif OP == OP_SUM_SQUARE
  s->value += (A)x * (A)x;
#elif OP == OP_SUM_ABSOLUTE
  s->value += x < 0 ? -(A)x : (A)x;  // The widened x keeps its sign, as high bits.
#elif OP == OP_PRODUCT
  s->value *= (A)x;
#elif OP == OP_MAX
  s->value = x > s->value || x != x ? x : s->value;
#elif OP == OP_MIN
  s->value = x < s->value || x != x ? x : s->value;
#elif OP == OP_LOG_SUM_EXP
  if (x == s->largest) {  // Also where both are infinite.
    s->sum += 1;
  } else if (x > s->largest) {
    s->sum = s->sum == 0 ? (A)1 : s->sum * (A)exp(s->largest - x) + 1;
    s->largest = x;
  } else {
    s->sum += (A)exp(x - s->largest);
  }
#elif OP == OP_VARIANCE
  if (pass == 0) {
    s->mean += (A)x;
  } else {
    s->squares += ((A)x - mean) * ((A)x - mean);
  }
#elif OP == OP_DOT
  s->sum += (A)x;
  s->dot += (A)x * ((A)y - mean);
#else
  if (better(x, index, s)) {
    s->value = x;
    s->index = index;
  }
#endif
}

// While a task is walked, states of the variance hold plain sums, hence the pass.
DEVICE void join(State *into, State from, int pass) {
#if OP == OP_SUM || OP == OP_SUM_SQUARE || OP == OP_SUM_ABSOLUTE
  into->value += from.value;
#elif OP == OP_PRODUCT
  into->value *= from.value;
#elif OP == OP_MAX || OP == OP_MIN
  step(into, from.value, 0, 0, 0, 0);
#elif OP == OP_LOG_SUM_EXP
  if (from.sum == 0) return;
  if (from.largest == into->largest) {
    into->sum += from.sum;
  } else if (from.largest < into->largest) {
    into->sum += from.sum * (A)exp(from.largest - into->largest);
  } else {
    into->sum = into->sum == 0 ? from.sum
                               : into->sum * (A)exp(into->largest - from.largest) + from.sum;
    into->largest = from.largest;
  }
#elif OP == OP_VARIANCE
  if (pass == 0) {
    into->mean += from.mean;
  } else if (pass == 1) {
    into->squares += from.squares;
  } else {
    const A count = into->count + from.count, distance = from.mean - into->mean;
    const A share = count == 0 ? 0 : from.count / count;
    into->squares += from.squares + distance * distance * into->count * share;
    into->mean += distance * share;
    into->count = count;
  }
#elif OP == OP_DOT
  into->sum += from.sum;
  into->dot += from.dot;
#else
  if (from.index >= 0 && better(from.value, from.index, into)) *into = from;
#endif
}

#define JOIN_PARTS 2  // As `pass`: both states are complete.

DEVICE void take_row(State *lanes, GLOBAL const T *x, long x_step, GLOBAL const T *y, long y_step,
                     long index, long count, A mean, int pass, int item) {
  long i = 0;
#if WIDTH > 1
  for (; i + WIDTH <= count; i += WIDTH) {
    UNROLL for (int l = 0; l < WIDTH; ++l) {
      step(&lanes[l], x[(i + l) * x_step], OP == OP_DOT ? y[(i + l) * y_step] : (T)0, index + i + l,
           mean, pass);
    }
  }
#endif
  for (i += item; i < count; i += ITEMS) {
    step(&lanes[0], x[i * x_step], OP == OP_DOT ? y[i * y_step] : (T)0, index + i, mean, pass);
  }
}

// Elements [begin, end) of one result, of which this item takes its share.
DEVICE State take_elements(const Reduction *r, GLOBAL const T *x, GLOBAL const T *y, long begin,
                           long end, A mean, int pass, T lowest, int item) {
  State lanes[WIDTH];
  for (int l = 0; l < WIDTH; ++l) lanes[l] = identity(lowest);
  const int first = r->kept_rank;
  const long inner = r->reduced_rank > 0 ? r->dims[first] : 1;
  const long x_step = r->reduced_rank > 0 ? r->x[first] : 0;
  const long y_step = OP == OP_DOT ? (r->reduced_rank > 0 ? r->y[first] : 0) : 1;
  for (long i = begin; i < end;) {
    long rest = i / inner, at_x = (i - rest * inner) * x_step, at_y = (i - rest * inner) * y_step;
    const long count = min_long(end - i, inner - (i - rest * inner));
    for (int d = 1; d < r->reduced_rank; ++d) {
      const long digit = rest % r->dims[first + d];
      rest /= r->dims[first + d];
      at_x += digit * r->x[first + d];
      at_y += digit * r->y[first + d];
    }
    if (x_step == 1 && y_step == 1) {
      take_row(lanes, x + at_x, 1, y + at_y, 1, i, count, mean, pass, item);
    } else {
      take_row(lanes, x + at_x, x_step, y + at_y, y_step, i, count, mean, pass, item);
    }
    i += count;
  }
  for (int l = 1; l < WIDTH; ++l) join(&lanes[0], lanes[l], pass);
  return lanes[0];
}

// Where the elements of a result begin.
DEVICE long first_element(const Reduction *r, long result, const long *steps) {
  long at = 0;
  for (int d = 0; d < r->kept_rank; ++d) {
    const long rest = result / r->dims[d];
    at += (result - rest * r->dims[d]) * steps[d];
    result = rest;
  }
  return at;
}
