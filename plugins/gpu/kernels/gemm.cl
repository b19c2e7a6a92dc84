// SPDX-License-Identifier: Apache-2.0
//
// Y = alpha * A @ B + beta * C over batches: matrix products, convolutions and their gradients.
//
// A work-group computes a block of Y, BLOCK_M x BLOCK_N, in steps of the depth (the dim that is
// summed). For each step it brings a block of either operand into local memory, as panels of
// TILE_M rows and TILE_N columns, and multiplies tiles of TILE_M x TILE_N in registers. A GPU has
// ITEMS = 256 work items with a tile each; a processor has one item that walks all tiles of a
// large block, and panels that stay in its caches. The host chooses (operators/gemm.cc):
//
//   T, LANES            element type; LANES of them are multiplied at once (1: scalars)
//   BLOCK_M BLOCK_N STEP, TILE_M TILE_N, ITEMS, RUN (elements that an item loads in a row)
//   WINDOW_A WINDOW_B   whether the operand is seen through digits and windows, see Window
//
// Long sums over small results are split: part s of the depth goes to a dense result of its own in
// `partial`, and gemm_join adds them in order.

#if LANES == 1
typedef T Lanes;
#define LOAD_LANES(p) (*(p))
#define STORE_LANES(v, p) (*(p) = (v))
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#else
#define JOIN_NAME_(a, b) a##b
#define JOIN_NAME(a, b) JOIN_NAME_(a, b)
typedef JOIN_NAME(T, LANES) Lanes;
#define LOAD_LANES(p) JOIN_NAME(vload, LANES)(0, p)
#define STORE_LANES(v, p) JOIN_NAME(vstore, LANES)(v, 0, p)
#ifdef INTEGER
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#else
#define MULTIPLY_ADD(a, b, c) fma((Lanes)(a), b, c)
#endif
#endif

#define TILES ((BLOCK_M / TILE_M) * (BLOCK_N / TILE_N) / ITEMS)
#define VECTORS (TILE_N / LANES)

// A number of four digits, the last the fastest; digit i is below dims[i]. n / dims[i] is
// (n * multipliers[i]) >> shifts[i] for n < 2^31.
typedef struct {
  uint dims[4];
  uint multipliers[4];
  uint shifts[4];
} Digits;

// An operand whose rows and depth are numbers of four digits each: element (row, depth) lies at
// the sum of digits times strides, if for each i
//   row digit * row_steps[i] + depth digit * depth_steps[i] + first[i]   is in [0, extents[i]),
// and is 0 elsewhere. A convolution's image is such an operand.
typedef struct {
  Digits rows, depth;
  long row_strides[4], depth_strides[4];
  int row_steps[4], depth_steps[4], first[4], extents[4];
} Window;

// Without a window: the strides of rows and depth.
typedef struct {
  long row_stride, depth_stride;
  int along_depth;  // Whether neighbours in memory are neighbours in depth.
  int pad;
} Plain;

typedef struct {
  int m, n, k, batch;
  int splits, split_depth;  // Parts of the depth, and the depth of one.
  int has_c, columns_split; // Whether Y's columns are a number of digits.
  int batch_dims[4];
  long a_batch[4], b_batch[4], y_batch[4], c_batch[4];
  long y_row, y_column, c_row, c_column;
} Product;

typedef struct {
  Digits digits;
  long strides[4];
} Columns;

DEVICE void take_digits(const Digits* d, int number, int* digits) {
  uint rest = (uint)number;
  for (int i = 3; i > 0; --i) {
    const uint quotient = (uint)(((ulong)rest * d->multipliers[i]) >> d->shifts[i]);
    digits[i] = (int)(rest - quotient * d->dims[i]);
    rest = quotient;
  }
  digits[0] = (int)rest;
}

DEVICE T window_element(const Window* w, GLOBAL const T* source, const int* row, const int* depth) {
  long offset = 0;
  int inside = 1;
  for (int i = 0; i < 4; ++i) {
    const int at = row[i] * w->row_steps[i] + depth[i] * w->depth_steps[i] + w->first[i];
    inside &= at >= 0 && at < w->extents[i];
    offset += row[i] * w->row_strides[i] + depth[i] * w->depth_strides[i];
  }
  return inside ? source[offset] : (T)0;
}

// Elements [row, row + rows) x [depth, depth + depths) of an operand as panels of `width` rows,
// [panel][STEP][width]; rows of a panel beyond the operand's are 0. Items take runs in turn.
DEVICE void pack_window(const Window* w, GLOBAL const T* source, int along_depth, int row, int rows,
                        int depth, int depths, int width, LOCAL T* tile, int item) {
  const int padded = (rows + width - 1) / width * width;
  const int inner = along_depth ? depths : padded, outer = along_depth ? padded : depths;
  const int runs = (inner + RUN - 1) / RUN;
  for (int run = item; run < runs * outer; run += ITEMS) {
    const int line = run / runs, begin = (run - line * runs) * RUN;
    const int end = begin + RUN < inner ? begin + RUN : inner;
    int r[4], k[4];
    take_digits(&w->rows, row + (along_depth ? line : begin), r);
    take_digits(&w->depth, depth + (along_depth ? begin : line), k);
    for (int i = begin; i < end; ++i) {
      const int at_row = along_depth ? line : i, at_depth = along_depth ? i : line;
      const int panel = at_row / width;
      tile[(panel * STEP + at_depth) * width + (at_row - panel * width)] =
          at_row < rows ? window_element(w, source, r, k) : (T)0;
      if (along_depth) {
        if (++k[3] == (int)w->depth.dims[3]) take_digits(&w->depth, depth + i + 1, k);
      } else {
        if (++r[3] == (int)w->rows.dims[3]) take_digits(&w->rows, row + i + 1, r);
      }
    }
  }
}

DEVICE void pack_plain(const Plain* p, GLOBAL const T* source, int row, int rows, int depth,
                       int depths, int width, LOCAL T* tile, int item) {
  const int padded = (rows + width - 1) / width * width;
  source += row * p->row_stride + depth * p->depth_stride;
  if (p->along_depth) {
    const int runs = (depths + RUN - 1) / RUN;
    for (int run = item; run < runs * padded; run += ITEMS) {
      const int line = run / runs, begin = (run - line * runs) * RUN;
      const int count = begin + RUN < depths ? RUN : depths - begin;
      const int panel = line / width;
      LOCAL T* to = tile + (panel * STEP + begin) * width + (line - panel * width);
      GLOBAL const T* from = source + line * p->row_stride + begin * p->depth_stride;
      for (int i = 0; i < count; ++i) to[i * width] = line < rows ? from[i * p->depth_stride] : (T)0;
    }
  } else {
    const int run_length = RUN < width ? RUN : width;
    const int runs = padded / run_length;
    for (int run = item; run < runs * depths; run += ITEMS) {
      const int line = run / runs, begin = (run - line * runs) * run_length;
      const int panel = begin / width;
      LOCAL T* to = tile + (panel * STEP + line) * width + (begin - panel * width);
      GLOBAL const T* from = source + begin * p->row_stride + line * p->depth_stride;
      if (begin + run_length <= rows && p->row_stride == 1) {
        for (int i = 0; i < run_length; ++i) to[i] = from[i];
      } else {
        for (int i = 0; i < run_length; ++i)
          to[i] = begin + i < rows ? from[i * p->row_stride] : (T)0;
      }
    }
  }
}

DEVICE void write_result(const Product* p, const Columns* columns, T alpha, T beta, GLOBAL T* y,
                         GLOBAL const T* c, int row, int column, T sum) {
  long at = row * p->y_row;
  if (p->columns_split) {
    int digits[4];
    take_digits(&columns->digits, column, digits);
    for (int i = 0; i < 4; ++i) at += digits[i] * columns->strides[i];
  } else {
    at += column * p->y_column;
  }
  T value = alpha * sum;
  if (p->has_c) value += beta * c[row * p->c_row + column * p->c_column];
  y[at] = value;
}

KERNEL(gemm)(IN(T, a), IN(T, b), IN(T, c), OUT(T, y), OUT(T, partial), Product p, Columns columns,
#if WINDOW_A
             Window window_a,
#endif
#if WINDOW_B
             Window window_b,
#endif
             Plain plain_a, Plain plain_b, T alpha, T beta) {
  LOCAL_ARRAY(T, a_tile, BLOCK_M* STEP);
  LOCAL_ARRAY(T, b_tile, BLOCK_N* STEP);
  const int item = LOCAL_ID(0);
  const int first_row = (int)GROUP_ID(1) * BLOCK_M, first_column = (int)GROUP_ID(0) * BLOCK_N;
  const int rows = p.m - first_row < BLOCK_M ? p.m - first_row : BLOCK_M;
  const int columns_here = p.n - first_column < BLOCK_N ? p.n - first_column : BLOCK_N;
  const int batch = (int)GROUP_ID(2) / p.splits, split = (int)GROUP_ID(2) - batch * p.splits;
  GLOBAL const T* a_at = AT(const T, a);
  GLOBAL const T* b_at = AT(const T, b);
  GLOBAL const T* c_at = AT(const T, c);
  GLOBAL T* y_at = AT(T, y);
  int rest = batch;
  for (int i = 3; i >= 0; --i) {
    const int digit = rest % p.batch_dims[i];
    rest /= p.batch_dims[i];
    a_at += digit * p.a_batch[i];
    b_at += digit * p.b_batch[i];
    c_at += digit * p.c_batch[i];
    y_at += digit * p.y_batch[i];
  }
  Lanes sums[TILES][TILE_M][VECTORS];
  const int begin = split * p.split_depth;
  const int end = p.k - begin < p.split_depth ? p.k : begin + p.split_depth;
  for (int t = 0; t < TILES; ++t)
    for (int i = 0; i < TILE_M; ++i)
      for (int v = 0; v < VECTORS; ++v) sums[t][i][v] = (Lanes)(0);
  for (int depth = begin; depth < end; depth += STEP) {
    const int depths = end - depth < STEP ? end - depth : STEP;
#if WINDOW_A
    pack_window(&window_a, a_at, plain_a.along_depth, first_row, rows, depth, depths, TILE_M,
                a_tile, item);
#else
    pack_plain(&plain_a, a_at, first_row, rows, depth, depths, TILE_M, a_tile, item);
#endif
#if WINDOW_B
    pack_window(&window_b, b_at, plain_b.along_depth, first_column, columns_here, depth, depths,
                TILE_N, b_tile, item);
#else
    pack_plain(&plain_b, b_at, first_column, columns_here, depth, depths, TILE_N, b_tile, item);
#endif
    BARRIER();
    for (int t = 0; t < TILES; ++t) {
      const int tile = item + t * ITEMS;
      const int tile_n = tile / (BLOCK_M / TILE_M), tile_m = tile - tile_n * (BLOCK_M / TILE_M);
      if (tile_m * TILE_M >= rows || tile_n * TILE_N >= columns_here) continue;
      LOCAL const T* left = a_tile + tile_m * STEP * TILE_M;
      LOCAL const T* right = b_tile + tile_n * STEP * TILE_N;
      Lanes sum[TILE_M][VECTORS];
      UNROLL for (int i = 0; i < TILE_M; ++i)
        UNROLL for (int v = 0; v < VECTORS; ++v) sum[i][v] = sums[t][i][v];
      for (int k = 0; k < depths; ++k) {
        Lanes line[VECTORS];
        UNROLL for (int v = 0; v < VECTORS; ++v)
          line[v] = LOAD_LANES(right + k * TILE_N + v * LANES);
        UNROLL for (int i = 0; i < TILE_M; ++i) {
          const T factor = left[k * TILE_M + i];
          UNROLL for (int v = 0; v < VECTORS; ++v)
            sum[i][v] = MULTIPLY_ADD(factor, line[v], sum[i][v]);
        }
      }
      UNROLL for (int i = 0; i < TILE_M; ++i)
        UNROLL for (int v = 0; v < VECTORS; ++v) sums[t][i][v] = sum[i][v];
    }
    BARRIER();
  }
  for (int t = 0; t < TILES; ++t) {
    const int tile = item + t * ITEMS;
    const int tile_n = tile / (BLOCK_M / TILE_M), tile_m = tile - tile_n * (BLOCK_M / TILE_M);
    UNROLL for (int i = 0; i < TILE_M; ++i) {
      const int row = tile_m * TILE_M + i;
      if (row >= rows) continue;
      T values[TILE_N];
      UNROLL for (int v = 0; v < VECTORS; ++v) STORE_LANES(sums[t][i][v], values + v * LANES);
      UNROLL for (int j = 0; j < TILE_N; ++j) {
        const int column = tile_n * TILE_N + j;
        if (column >= columns_here) continue;
        if (p.splits == 1) {
          write_result(&p, &columns, alpha, beta, y_at, c_at, first_row + row,
                       first_column + column, values[j]);
        } else {
          AT(T, partial)[(((long)batch * p.splits + split) * p.m + first_row + row) * p.n +
                         first_column + column] = values[j];
        }
      }
    }
  }
}

// Adds the parts of sums that were split; an item for each element.
KERNEL(gemm_join)(IN(T, partial), IN(T, c), OUT(T, y), Product p, Columns columns, T alpha, T beta) {
  const long index = GLOBAL_ID(0);
  const long size = (long)p.m * p.n;
  if (index >= size * p.batch) return;
  const int batch = (int)(index / size);
  const long element = index - batch * size;
  GLOBAL const T* c_at = AT(const T, c);
  GLOBAL T* y_at = AT(T, y);
  int rest = batch;
  for (int i = 3; i >= 0; --i) {
    const int digit = rest % p.batch_dims[i];
    rest /= p.batch_dims[i];
    c_at += digit * p.c_batch[i];
    y_at += digit * p.y_batch[i];
  }
  T sum = 0;
  for (int split = 0; split < p.splits; ++split)
    sum += AT(const T, partial)[((long)batch * p.splits + split) * size + element];
  const int row = (int)(element / p.n);
  write_result(&p, &columns, alpha, beta, y_at, c_at, row, (int)(element - (long)row * p.n), sum);
}
