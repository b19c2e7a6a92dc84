// SPDX-License-Identifier: Apache-2.0
//
// Y = alpha * A @ B + beta * C over batches: matrix products, convolutions and their gradients.
//
// A group computes a block of Y, BLOCK_M x BLOCK_N, in steps of the depth (the dim that is summed).
// For each step it brings a block of either operand into local memory, as panels of TILE_M rows and
// TILE_N columns, and multiplies tiles of TILE_M x TILE_N in registers. On a GPU a group has 256
// work items with a tile each. On a processor it has one, which walks all tiles of a large block
// while the panels stay in its caches. The host chooses (operators/gemm.cc):
//
//   T, LANES            element type; LANES of them are multiplied at once. OpenCL's vectors are
//                       used where LANES > 1, on processors alone.
//   BLOCK_M BLOCK_N STEP TILE_M TILE_N ITEMS, RUN (elements that an item loads in a row)
//   WINDOW_A WINDOW_B   whether the operand is seen through a Window
//   FUSED               whether T has fma()
//
// Long sums of few results are split: part s of the depth goes to a dense result of its own in
// `partial`, and gemm_join adds them in order.
// compile: -DT=float -DLANES=1 -DFUSED=1 -DBLOCK_M=128 -DBLOCK_N=128 -DSTEP=16 -DTILE_M=8 -DTILE_N=8 -DITEMS=256 -DRUN=1 -DWINDOW_A={0,1} -DWINDOW_B={0,1}
// compile: -DT=double -DLANES=1 -DFUSED=1 -DBLOCK_M=64 -DBLOCK_N=64 -DSTEP=16 -DTILE_M=8 -DTILE_N=8 -DITEMS=64 -DRUN=1 -DWINDOW_A={0,1} -DWINDOW_B={0,1}
// compile: -DT=int -DLANES=1 -DFUSED=0 -DBLOCK_M=128 -DBLOCK_N=128 -DSTEP=16 -DTILE_M=8 -DTILE_N=8 -DITEMS=256 -DRUN=1 -DWINDOW_A=0 -DWINDOW_B=0
// compile: -DT=ulong -DLANES=1 -DFUSED=0 -DBLOCK_M=64 -DBLOCK_N=64 -DSTEP=16 -DTILE_M=8 -DTILE_N=8 -DITEMS=64 -DRUN=1 -DWINDOW_A=0 -DWINDOW_B=0

#if LANES == 1
typedef T Lanes;
#define LOAD_LANES(p) (*(p))
#define STORE_LANES(v, p) (*(p) = (v))
#else
#define JOIN_NAMES(a, b) a##b
#define JOIN(a, b) JOIN_NAMES(a, b)
typedef JOIN(T, LANES) Lanes;
#define LOAD_LANES(p) JOIN(vload, LANES)(0, p)
#define STORE_LANES(v, p) JOIN(vstore, LANES)(v, 0, p)
#endif
#if FUSED
#define MULTIPLY_ADD(a, b, c) fma((Lanes)(a), b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((Lanes)(a) * (b) + (c))
#endif

#define TILES ((BLOCK_M / TILE_M) * (BLOCK_N / TILE_N) / ITEMS)
#define VECTORS (TILE_N / LANES)

// Registers have no indices: where sums shall stay in them, loops over tiles are unrolled.
#if ITEMS == 1
#define UNROLL_TILE
#else
#define UNROLL_TILE UNROLL
#endif

// A number of four digits, the last the fastest; digit i is below dims[i]. n / dims[i] is
// (n * multipliers[i]) >> shifts[i] for n < 2^31.
typedef struct {
  uint dims[4], multipliers[4], shifts[4];
} Digits;

// An operand whose rows and depth are numbers of four digits each. Element (row, depth) lies at
// start + the sum of digits times strides, if for each i
//   row digit * row_steps[i] + depth digit * depth_steps[i] + first[i]   is in [0, extents[i]),
// and is 0 elsewhere. The image of a convolution is such an operand.
typedef struct {
  Digits rows, depth;
  long start, row_strides[4], depth_strides[4];
  int row_steps[4], depth_steps[4], first[4], extents[4];
} Window;

// How an operand without a window lies, and how either kind is read.
typedef struct {
  long row_stride, depth_stride;
  int along_depth, unused;  // Neighbours in depth are (more often) neighbours in memory.
} Plain;

typedef struct {
  int m, n, k, batch;
  int splits, split_depth;   // Parts of the depth, and the depth of one.
  int has_c, split_columns;  // split_columns: Y's columns are numbers of digits.
  int batch_dims[4];
  long a_batch[4], b_batch[4], y_batch[4], c_batch[4];
  long y_row, y_column, c_row, c_column;
  Digits columns;
  long column_strides[4];
} Product;

DEVICE void take_digits(const Digits *d, int number, int *digits) {
  uint rest = (uint)number;
  for (int i = 3; i > 0; --i) {
    const uint quotient = (uint)(((ulong)rest * d->multipliers[i]) >> d->shifts[i]);
    digits[i] = (int)(rest - quotient * d->dims[i]);
    rest = quotient;
  }
  digits[0] = (int)rest;
}

// Copies `count` elements of one line of a windowed operand, from row and depth on, to `to`,
// to + step, ... The run is along the depth or along the rows.
DEVICE void load_run(const Window *w, GLOBAL const T *source, int along_depth, int row, int depth,
                     int count, LOCAL T *to, int step) {
  const Digits *moving = along_depth ? &w->depth : &w->rows;
  const long stride = along_depth ? w->depth_strides[3] : w->row_strides[3];
  const int advance = along_depth ? w->depth_steps[3] : w->row_steps[3];
  int done = 0;
  while (done < count) {
    int r[4], k[4];
    take_digits(&w->rows, along_depth ? row : row + done, r);
    take_digits(&w->depth, along_depth ? depth + done : depth, k);
    long offset = w->start;
    int inside = 1, place = 0;
    for (int i = 0; i < 4; ++i) {
      place = r[i] * w->row_steps[i] + k[i] * w->depth_steps[i] + w->first[i];
      if (i < 3) inside &= place >= 0 && place < w->extents[i];
      offset += r[i] * w->row_strides[i] + k[i] * w->depth_strides[i];
    }
    // The last digit alone changes until it is full.
    const int left = (int)moving->dims[3] - (along_depth ? k[3] : r[3]);
    const int n = count - done < left ? count - done : left;
    for (int j = 0; j < n; ++j) {
      to[(done + j) * step] =
          inside && place >= 0 && place < w->extents[3] ? source[offset + j * stride] : (T)0;
      place += advance;
    }
    done += n;
  }
}

// Brings rows [row, row + rows) and depths [depth, depth + depths) to panels of `width` rows,
// [panel][STEP][width]; lanes of the last panel beyond the rows are 0. Items take runs in turn.
DEVICE void pack_window(const Window *w, GLOBAL const T *source, int along_depth, int row, int rows,
                        int depth, int depths, int width, LOCAL T *tile, int item) {
  const int padded = (rows + width - 1) / width * width;
  const int longest = along_depth || RUN < width ? RUN : width;
  const int runs = ((along_depth ? depths : padded) + longest - 1) / longest;
  const int lines = along_depth ? padded : depths;
  for (int run = item; run < runs * lines; run += ITEMS) {
    const int line = run / runs, begin = (run - line * runs) * longest;
    const int at_row = along_depth ? line : begin, at_depth = along_depth ? begin : line;
    const int panel = at_row / width, step = along_depth ? width : 1;
    LOCAL T *to = tile + (panel * STEP + at_depth) * width + (at_row - panel * width);
    const int left = along_depth ? depths - begin : padded - begin;
    const int count = longest < left ? longest : left;
    const int valid = along_depth ? (line < rows ? count : 0) : min(count, max(rows - begin, 0));
    load_run(w, source, along_depth, row + at_row, depth + at_depth, valid, to, step);
    for (int i = valid; i < count; ++i) to[i * step] = (T)0;
  }
}

DEVICE void pack_plain(const Plain *p, GLOBAL const T *source, int row, int rows, int depth,
                       int depths, int width, LOCAL T *tile, int item) {
  const int padded = (rows + width - 1) / width * width;
  const int along_depth = p->along_depth;
  const int longest = along_depth || RUN < width ? RUN : width;
  const int runs = ((along_depth ? depths : padded) + longest - 1) / longest;
  const int lines = along_depth ? padded : depths;
  source += row * p->row_stride + depth * p->depth_stride;
  const long stride = along_depth ? p->depth_stride : p->row_stride;
  const long line_stride = along_depth ? p->row_stride : p->depth_stride;
  for (int run = item; run < runs * lines; run += ITEMS) {
    const int line = run / runs, begin = (run - line * runs) * longest;
    const int at_row = along_depth ? line : begin, at_depth = along_depth ? begin : line;
    const int panel = at_row / width, step = along_depth ? width : 1;
    LOCAL T *to = tile + (panel * STEP + at_depth) * width + (at_row - panel * width);
    GLOBAL const T *from = source + line * line_stride + begin * stride;
    const int left = along_depth ? depths - begin : padded - begin;
    const int count = longest < left ? longest : left;
    const int valid = along_depth ? (line < rows ? count : 0) : min(count, max(rows - begin, 0));
    if (valid == RUN && stride == 1 && step == 1) {
      for (int i = 0; i < RUN; ++i) to[i] = from[i];
    } else {
      for (int i = 0; i < valid; ++i) to[i * step] = from[i * stride];
    }
    for (int i = valid; i < count; ++i) to[i * step] = (T)0;
  }
}

DEVICE void write_result(const Product *p, T alpha, T beta, GLOBAL T *y, GLOBAL const T *c, int row,
                         int column, T sum) {
  long at = row * p->y_row;
  if (p->split_columns) {
    int digits[4];
    take_digits(&p->columns, column, digits);
    for (int i = 0; i < 4; ++i) at += digits[i] * p->column_strides[i];
  } else {
    at += column * p->y_column;
  }
  T value = alpha * sum;
  if (p->has_c) value += beta * c[row * p->c_row + column * p->c_column];
  y[at] = value;
}

DEVICE long batch_offset(const Product *p, int batch, const long *strides) {
  long offset = 0;
  for (int i = 3; i >= 0; --i) {
    const int rest = batch / p->batch_dims[i];
    offset += (batch - rest * p->batch_dims[i]) * strides[i];
    batch = rest;
  }
  return offset;
}

KERNEL(gemm)
(OUT(T, y), IN(T, a), IN(T, b), IN(T, c), OUT(T, partial), Product p,
#if WINDOW_A
 Window window_a,
#endif
#if WINDOW_B
 Window window_b,
#endif
 Plain plain_a, Plain plain_b, T alpha, T beta) {
  LOCAL_ARRAY(T, a_tile, BLOCK_M *STEP);
  LOCAL_ARRAY(T, b_tile, BLOCK_N *STEP);
  const int item = (int)LOCAL_ID(0);
  const int blocks_n = (p.n + BLOCK_N - 1) / BLOCK_N, blocks_m = (p.m + BLOCK_M - 1) / BLOCK_M;
  const int group = (int)GROUP_ID(0), block_row = group / blocks_n, part = block_row / blocks_m;
  const int first_column = (group - block_row * blocks_n) * BLOCK_N;
  const int first_row = (block_row - part * blocks_m) * BLOCK_M;
  const int rows = min(p.m - first_row, BLOCK_M), columns = min(p.n - first_column, BLOCK_N);
  const int batch = part / p.splits, split = part - batch * p.splits;
  GLOBAL const T *a_at = CONST_AT(T, a) + batch_offset(&p, batch, p.a_batch);
  GLOBAL const T *b_at = CONST_AT(T, b) + batch_offset(&p, batch, p.b_batch);

  Lanes sums[TILES][TILE_M][VECTORS];
  UNROLL_TILE for (int t = 0; t < TILES; ++t) {
    UNROLL_TILE for (int i = 0; i < TILE_M; ++i) {
      UNROLL_TILE for (int v = 0; v < VECTORS; ++v) sums[t][i][v] = (Lanes)(0);
    }
  }
  const int begin = split * p.split_depth, end = min(p.k, begin + p.split_depth);
  for (int depth = begin; depth < end; depth += STEP) {
    const int depths = min(end - depth, STEP);
#if WINDOW_A
    pack_window(&window_a, a_at, plain_a.along_depth, first_row, rows, depth, depths, TILE_M,
                a_tile, item);
#else
    pack_plain(&plain_a, a_at, first_row, rows, depth, depths, TILE_M, a_tile, item);
#endif
#if WINDOW_B
    pack_window(&window_b, b_at, plain_b.along_depth, first_column, columns, depth, depths, TILE_N,
                b_tile, item);
#else
    pack_plain(&plain_b, b_at, first_column, columns, depth, depths, TILE_N, b_tile, item);
#endif
    BARRIER();
    UNROLL_TILE for (int t = 0; t < TILES; ++t) {
      const int tile = item + t * ITEMS;
      const int tile_n = tile / (BLOCK_M / TILE_M), tile_m = tile - tile_n * (BLOCK_M / TILE_M);
      if (tile_m * TILE_M >= rows || tile_n * TILE_N >= columns) continue;
      LOCAL const T *left = a_tile + tile_m * STEP * TILE_M;
      LOCAL const T *right = b_tile + tile_n * STEP * TILE_N;
      Lanes sum[TILE_M][VECTORS];
      UNROLL for (int i = 0; i < TILE_M; ++i) {
        UNROLL for (int v = 0; v < VECTORS; ++v) sum[i][v] = sums[t][i][v];
      }
      for (int k = 0; k < depths; ++k) {
        Lanes line[VECTORS];
        UNROLL for (int v = 0; v < VECTORS; ++v) line[v] =
            LOAD_LANES(right + k * TILE_N + v * LANES);
        UNROLL for (int i = 0; i < TILE_M; ++i) {
          const T factor = left[k * TILE_M + i];
          UNROLL for (int v = 0; v < VECTORS; ++v) sum[i][v] =
              MULTIPLY_ADD(factor, line[v], sum[i][v]);
        }
      }
      UNROLL for (int i = 0; i < TILE_M; ++i) {
        UNROLL for (int v = 0; v < VECTORS; ++v) sums[t][i][v] = sum[i][v];
      }
    }
    BARRIER();
  }

  GLOBAL T *y_at = AT(T, y) + batch_offset(&p, batch, p.y_batch);
  GLOBAL const T *c_at = CONST_AT(T, c) + batch_offset(&p, batch, p.c_batch);
  GLOBAL T *partial_at = AT(T, partial) + (long)part * p.m * p.n;
  UNROLL_TILE for (int t = 0; t < TILES; ++t) {
    const int tile = item + t * ITEMS;
    const int tile_n = tile / (BLOCK_M / TILE_M), tile_m = tile - tile_n * (BLOCK_M / TILE_M);
    UNROLL_TILE for (int i = 0; i < TILE_M; ++i) {
      const int row = tile_m * TILE_M + i;
      if (row >= rows) continue;
      T values[TILE_N];
      UNROLL for (int v = 0; v < VECTORS; ++v) STORE_LANES(sums[t][i][v], values + v * LANES);
      const int count = min(columns - tile_n * TILE_N, TILE_N);
      for (int j = 0; j < count; ++j) {
        const int column = first_column + tile_n * TILE_N + j;
        if (p.splits == 1) {
          write_result(&p, alpha, beta, y_at, c_at, first_row + row, column, values[j]);
        } else {
          partial_at[(long)(first_row + row) * p.n + column] = values[j];
        }
      }
    }
  }
}

// Adds the parts of sums that were split.
KERNEL(gemm_join)
(OUT(T, y), IN(T, partial), IN(T, c), Product p, T alpha, T beta, long count, long chunk) {
  const long size = (long)p.m * p.n;
  FOR_ELEMENTS(index, count, chunk) {
    const int batch = (int)(index / size);
    const long element = index - batch * size;
    GLOBAL const T *from = CONST_AT(T, partial) + (long)batch * p.splits * size + element;
    T sum = 0;
    for (int split = 0; split < p.splits; ++split) sum += from[split * size];
    const int row = (int)(element / p.n);
    write_result(&p, alpha, beta, AT(T, y) + batch_offset(&p, batch, p.y_batch),
                 CONST_AT(T, c) + batch_offset(&p, batch, p.c_batch), row,
                 (int)(element - (long)row * p.n), sum);
  }
}
