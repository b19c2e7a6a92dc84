// Indices that the data has: read, checked, turned into places.

#define INDEX_DEPTH 8

// `depth` indices, index_step apart, along dims of these extents and steps (in elements).
typedef struct {
  int depth, reserved;
  long index_step;
  long extents[INDEX_DEPTH];
  long steps[INDEX_DEPTH];
} Places;

// An index as an offset from the start (negative ones count from the end); -1 when out of range.
DEVICE long wrapped_index(long index, long extent) {
  const long wrapped = index < 0 ? index + extent : index;
  return wrapped < 0 || wrapped >= extent ? -1 : wrapped;
}

// Steps may be negative, and so may places.
#define NO_PLACE (-0x7fffffffffffffffL - 1)

// Where the indices at `from` point to, in elements; NO_PLACE, and a failure, when one is out of
// range.
DEVICE long indexed_place(GLOBAL const STORED(INDEX) *from, const Places *places, FAULT(fault)) {
  long place = 0;
  for (int d = 0; d < places->depth; ++d) {
    const long index = wrapped_index((long)from[d * places->index_step], places->extents[d]);
    if (index < 0) {
      RAISE(fault, FAULT_INDEX);
      return NO_PLACE;
    }
    place += index * places->steps[d];
  }
  return place;
}
