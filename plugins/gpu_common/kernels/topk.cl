// TopK: the best elements of a line so far are a heap, the worst on top, that lives in the outputs; at
// the end it is taken apart into order. A work item has whole lines. T: of the elements. Operands of
// the walk: values, indices, x, without the axis.
// compile: -DT={f32,f64,f16,bf16,i8,i16,i32,i64,u8,u16,u32,u64}
#define OPERANDS 3
#include "element_types.h"
#include "loop.h"

#define C COMPUTE(T)

typedef struct {
  long count, k;
  long x_step, values_step, indices_step;
} Line;

typedef struct {
  GLOBAL STORED(T) *values;
  GLOBAL long *indices;
  long values_step, indices_step;
  int largest;
} Heap;

// Whether a comes before b: NaN is the largest, of equals the lower index is first.
DEVICE int precedes(int largest, C a, long a_index, C b, long b_index) {
  const int a_nan = a != a, b_nan = b != b;
  if (a_nan != b_nan) return largest ? a_nan : b_nan;
  if (!a_nan && a != b) return largest ? a > b : a < b;
  return a_index < b_index;
}

#define VALUE(i) heap->values[(i) * heap->values_step]
#define PLACE(i) heap->indices[(i) * heap->indices_step]

// Puts an element in the place of the one at `hole` and restores the heap of `size` below it.
DEVICE void sift(const Heap *heap, long hole, long size, STORED(T) element, long index) {
  for (;;) {
    long child = 2 * hole + 1;
    if (child >= size) break;
    if (child + 1 < size && precedes(heap->largest, LOAD(T, VALUE(child)), PLACE(child),
                                     LOAD(T, VALUE(child + 1)), PLACE(child + 1))) {
      ++child;
    }
    if (!precedes(heap->largest, LOAD(T, element), index, LOAD(T, VALUE(child)), PLACE(child))) {
      break;
    }
    VALUE(hole) = VALUE(child);
    PLACE(hole) = PLACE(child);
    hole = child;
  }
  VALUE(hole) = element;
  PLACE(hole) = index;
}

DEVICE void top_k(const Heap *heap, GLOBAL const STORED(T) *x, const Line *line) {
  for (long i = 0; i < line->k; ++i) {
    VALUE(i) = x[i * line->x_step];
    PLACE(i) = i;
  }
  for (long i = line->k / 2; i-- > 0;) sift(heap, i, line->k, VALUE(i), PLACE(i));
  for (long i = line->k; i < line->count; ++i) {
    const STORED(T) element = x[i * line->x_step];
    if (precedes(heap->largest, LOAD(T, element), i, LOAD(T, VALUE(0)), PLACE(0))) {
      sift(heap, 0, line->k, element, i);
    }
  }
  for (long size = line->k; size-- > 1;) {
    const STORED(T) last = VALUE(size);
    const long last_index = PLACE(size);
    VALUE(size) = VALUE(0);
    PLACE(size) = PLACE(0);
    sift(heap, 0, size, last, last_index);
  }
}

KERNEL(topk)
(OUT(STORED(T), values), OUT(long, indices), IN(STORED(T), x), Loop loop, Line line, int largest) {
  Heap heap;
  heap.values_step = line.values_step;
  heap.indices_step = line.indices_step;
  heap.largest = largest;
  FOR_ROWS(loop, at, n) {
    for (long i = 0; i < n; ++i) {
      heap.values = AT(STORED(T), values) + at.place[0] + i * loop.steps[0][0];
      heap.indices = AT(long, indices) + at.place[1] + i * loop.steps[1][0];
      top_k(&heap, CONST_AT(STORED(T), x) + at.place[2] + i * loop.steps[2][0], &line);
    }
  }
}
