// SPDX-License-Identifier: Apache-2.0
//
// Operators on lines: the elements under some axes (one for softmax, the last ones for layer
// normalization), for each index of the other axes. The host (operators/norm_lines.h) defines
//
//   T, A          element type; accumulator
//   OPERANDS      tensors that are walked together
//   ITEMS, WIDTH  work items that share a line; sums side by side in an item, for its vector unit

typedef struct {
  long lines, per_group;  // Lines; those of one group.
  int length, line_rank, inner_rank, unused;
  int dims[16];  // Of lines, then within a line; innermost first.
  long steps[OPERANDS][16];
} Lines;

DEVICE long line_start(const Lines *l, long line, int operand) {
  long at = 0;
  for (int d = 0; d < l->line_rank; ++d) {
    const long rest = line / l->dims[d];
    at += (line - rest * l->dims[d]) * l->steps[operand][d];
    line = rest;
  }
  return at;
}

// Element j of a line. `step`: that of the innermost dim.
DEVICE long line_place(const Lines *l, int j, int operand, long step) {
  if (l->inner_rank <= 1) return j * step;
  long at = 0;
  for (int d = l->line_rank; d < l->line_rank + l->inner_rank; ++d) {
    const int rest = j / l->dims[d];
    at += (j - rest * l->dims[d]) * l->steps[operand][d];
    j = rest;
  }
  return at;
}

// The lines of this group, and the elements of a line that belong to this item.
#define FOR_LINES(line, l)                                                                     \
  for (long line = (long)GROUP_ID(0) * (l).per_group,                                          \
            line##_end = min_long(line + (l).per_group, (l).lines);                            \
       line < line##_end; ++line)
#define FOR_LINE(j, n) for (int j = item; j < (n); j += ITEMS)

// sum += each `value` (of j) of this item.
#define SUM_LINE(sum, j, n, value)                          \
  {                                                         \
    A lanes[WIDTH];                                         \
    for (int lane = 0; lane < WIDTH; ++lane) lanes[lane] = 0; \
    const int whole = WIDTH > 1 ? (n) - (n) % WIDTH : 0;    \
    for (int first = 0; first < whole; first += WIDTH) {    \
      for (int lane = 0; lane < WIDTH; ++lane) {            \
        const int j = first + lane;                         \
        lanes[lane] += value;                               \
      }                                                     \
    }                                                       \
    for (int j = whole + item; j < (n); j += ITEMS) lanes[0] += value; \
    for (int lane = 0; lane < WIDTH; ++lane) sum += lanes[lane]; \
  }

// The sum, and the largest, of the items' values, for every one of them. A kernel that uses them
// begins with SHARED_BY_GROUP; helpers have SHARED_PARAMETER and get SHARED_ARGUMENT.
#if ITEMS == 1
#define SHARED_BY_GROUP
#define SHARED_PARAMETER
#define SHARED_ARGUMENT
#define GROUP_SUM(value) (value)
#define GROUP_MAX(value) (value)
#else
#define SHARED_BY_GROUP LOCAL_ARRAY(A, shared, ITEMS);
#define SHARED_PARAMETER , LOCAL A *shared
#define SHARED_ARGUMENT , shared
#define GROUP_SUM(value) group_sum(value, shared, item)
#define GROUP_MAX(value) (T) group_max((A)(value), shared, item)
DEVICE A group_sum(A value, LOCAL A *shared, int item) {
  BARRIER();
  shared[item] = value;
  BARRIER();
  for (int other = ITEMS / 2; other > 0; other /= 2) {
    if (item < other) shared[item] += shared[item + other];
    BARRIER();
  }
  return shared[0];
}
DEVICE A group_max(A value, LOCAL A *shared, int item) {
  BARRIER();
  shared[item] = value;
  BARRIER();
  for (int other = ITEMS / 2; other > 0; other /= 2) {
    if (item < other) shared[item] = fmax(shared[item], shared[item + other]);
    BARRIER();
  }
  return shared[0];
}
#endif
