// A walk over OPERANDS tensors of the same dims, row by row: `Loop` of operators/loop.h. A work item
// takes `chunk` elements from GLOBAL_ID(0) * chunk on. Steps are in elements; dims are innermost
// first.
//
//     FOR_ROWS(loop, at, n) {
//       GLOBAL T *row = AT(T, y) + at.place[0];  // n elements, loop.steps[0][0] apart
//     }
//
// With -DROWS (processors) rows are long; elsewhere each work item has one element, n being 1.

#define LOOP_RANK 8

typedef struct {
  long count, chunk;
  int rank, host;  // Bit k of host: input k is a value and not a tensor.
  long dims[LOOP_RANK];
  long steps[OPERANDS][LOOP_RANK];
} Loop;

typedef struct {
  long at[LOOP_RANK];
  long place[OPERANDS];
} Position;

DEVICE void loop_start(const Loop *loop, long i, Position *p) {
  for (int k = 0; k < OPERANDS; ++k) p->place[k] = 0;
  for (int d = 0; d < loop->rank; ++d) {
    long at = i;
    if (d + 1 < loop->rank) {
      const long size = loop->dims[d];
      if (i < 0x7FFFFFFFL && size < 0x7FFFFFFFL) {  // Divisions of 64 bits are slow on GPUs.
        at = (long)((uint)i % (uint)size);
        i = (long)((uint)i / (uint)size);
      } else {
        at = i % size;
        i = i / size;
      }
    }
    p->at[d] = at;
    for (int k = 0; k < OPERANDS; ++k) p->place[k] += at * loop->steps[k][d];
  }
}

// From the end of a row to the start of the next.
DEVICE void loop_next(const Loop *loop, Position *p) {
  for (int k = 0; k < OPERANDS; ++k) p->place[k] -= p->at[0] * loop->steps[k][0];
  p->at[0] = 0;
  for (int d = 1; d < loop->rank; ++d) {
    for (int k = 0; k < OPERANDS; ++k) p->place[k] += loop->steps[k][d];
    if (++p->at[d] < loop->dims[d]) return;
    for (int k = 0; k < OPERANDS; ++k) p->place[k] -= loop->dims[d] * loop->steps[k][d];
    p->at[d] = 0;
  }
}

#ifdef ROWS
#define FOR_ROWS(loop, position, n)                                                              \
  long position##_left =                                                                         \
      min_long((loop).chunk, (loop).count - (long)GLOBAL_ID(0) * (loop).chunk);                  \
  Position position;                                                                             \
  loop_start(&(loop), (long)GLOBAL_ID(0) * (loop).chunk, &position);                             \
  for (long n = min_long((loop).dims[0] - position.at[0], position##_left); position##_left > 0; \
       position##_left -= n, loop_next(&(loop), &position),                                      \
            n = min_long((loop).dims[0], position##_left))
#else
#define FOR_ROWS(loop, position, n)                    \
  Position position;                                   \
  long n = 1;                                          \
  if ((long)GLOBAL_ID(0) < (loop).count) {             \
    loop_start(&(loop), (long)GLOBAL_ID(0), &position); \
  } else {                                             \
    n = 0;                                             \
  }                                                    \
  if (n != 0)
#endif

// Before a loop that may store where another tensor is read, each element at its own place.
#if defined(__clang__) && !defined(__CUDACC__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT
#endif
