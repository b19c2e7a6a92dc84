// SPDX-License-Identifier: Apache-2.0
//
// Windows of pooling over logical [N, C, d0, d1, d2]; axes that the tensors lack have extent 1.

typedef struct {
  long count;  // Elements of the tensor that is written.
  int channels;
  int taps[3], strides[3], dilations[3], pads_begin[3], pads_end[3];
  int x_dims[3], y_dims[3];
  long x[5], y[5], indices[5];  // Strides.
  int option;                   // max_pool: how an index counts. average: whether padding counts.
} Pool;

// Number i of a tensor [N, C, dims...] as its five indices.
DEVICE void pool_place(long i, int channels, const int *dims, long *at) {
  for (int d = 2; d >= 0; --d) {
    at[2 + d] = i % dims[d];
    i /= dims[d];
  }
  at[1] = i % channels;
  at[0] = i / channels;
}

// The taps of a window that begins at `begin` whose index lies in [low, high): [*first, *end).
DEVICE void pool_taps(const Pool *p, int d, int begin, int low, int high, int *first, int *end) {
  const int step = p->dilations[d];
  *first = begin >= low ? 0 : (low - begin - 1) / step + 1;
  *end = begin >= high ? 0 : min(p->taps[d], (high - begin - 1) / step + 1);
}

DEVICE long pool_offset(const long *at, const long *strides) {
  long offset = 0;
  for (int d = 0; d < 5; ++d) offset += at[d] * strides[d];
  return offset;
}
