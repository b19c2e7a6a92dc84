// The common subset of OpenCL C 1.2 and CUDA C++ in which the kernels here are written. Each
// backend puts its dialect (KERNEL, GLOBAL, BARRIER, ...: see README.md) in front of this file, and
// this in front of every kernel source.

// A parameter pair for memory: base and byte offset. AT gives the typed pointer.
#define IN(T, x) GLOBAL const char *x##_base, ulong x##_offset
#define OUT(T, x) GLOBAL char *x##_base, ulong x##_offset
#define AT(T, x) ((GLOBAL T*)(x##_base + x##_offset))
#define CONST_AT(T, x) ((GLOBAL const T*)(x##_base + x##_offset))

// Failures that only the data shows; plugins/gpu_common/faults.h has their messages.
#define FAULT(x) GLOBAL int* x
#define FAULT_DIVISION_BY_ZERO 1
#define FAULT_INDEX 2
#define FAULT_VALUE 3

// Dims, strides or steps: `Longs` of parameter.h.
typedef struct {
  long v[16];
} Longs;

typedef struct {
  ulong low, high;
} Bits128;

// The elements of this work item: on CPUs a run of neighbours, elsewhere one. See element_grid().
#define FOR_ELEMENTS(i, count, chunk)                                                   \
  for (long i = (long)GLOBAL_ID(0) * (chunk), i##_end = min_long(i + (chunk), (count)); \
       i < i##_end; ++i)

DEVICE long min_long(long a, long b) { return a < b ? a : b; }
DEVICE long max_long(long a, long b) { return a > b ? a : b; }

// Where element `i` of a walk lies, in elements. Dims are innermost first (walk.h).
DEVICE long place(long i, int rank, const Longs* dims, const Longs* steps) {
  long at = 0;
  for (int d = 0; d + 1 < rank; ++d) {
    at += i % dims->v[d] * steps->v[d];
    i /= dims->v[d];
  }
  return at + i * steps->v[rank - 1];
}
