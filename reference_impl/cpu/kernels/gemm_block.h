// SPDX-License-Identifier: Apache-2.0
//
// The inner loops of every matrix product: a block of C from packed blocks of A and B, compiled
// once for each instruction set (gemm_block.inc) and picked at run time.
//
// Packed A is panels of isa.rows rows, each [k][rows]; a last panel of fewer rows is [k][fewer].
// Packed B is panels of kPanelWidth columns, each [k][kPanelWidth], the last filled up with zeros.
// For float32 that is the form of the device's packed layout (layouts.h), so constants need no
// packing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::cpu::gemm {

// Columns of a panel: one cache line, one AVX-512 register.
template <class T>
inline constexpr int64_t kPanelWidth = 64 / static_cast<int64_t>(sizeof(T));

// Values that meet those of a product: that of row i and column j of matrix `batch` is at data +
// batch * batch_stride + i * row_stride + j * column_stride. Absent: no data.
template <class T>
struct Operand {
  const T* data = nullptr;
  int64_t batch_stride = 0, row_stride = 0, column_stride = 0;

  [[gnu::always_inline]] const T* at(int64_t batch, int64_t row, int64_t column) const {
    return data + batch * batch_stride + row * row_stride + column * column_stride;
  }
};

// A step behind a product by the loop of an elementwise operator (elementwise.h): the value is its
// first input, `operand` or the `scalars` are those behind it.
template <class T>
struct TileStep {
  using Loop = void (*)(const double* attributes, std::byte* const* pointers,
                        const int64_t* strides, int64_t count);
  Loop loop = nullptr;
  const double* attributes = nullptr;
  Operand<T> operand;
  const std::byte* scalars[2] = {};
};

// What is done with a sum before it is stored: a value of its row, of its column and of its own
// added, then the clamp, then the steps.
template <class T>
struct Epilogue {
  static constexpr int kMostSteps = 8;
  Operand<T> of_row, of_column, of_element;
  bool clamps = false;
  T low = 0, high = 0;
  int steps = 0;
  TileStep<T> step[kMostSteps];
};

// C (m by n) = alpha * A (m by k) * B (k by n), or += with `accumulate`.
template <class T>
struct Block {
  int64_t m, n, k;
  T alpha;
  const T* a;  // The panel of row i (a multiple of isa.rows) is at a + i * k.
  const T* b;  // The panel of column j is at b + j / kPanelWidth * b_panel_stride.
  int64_t b_panel_stride;
  T* c;
  int64_t c_row_stride, c_column_stride;
  bool accumulate;
  // Null: none. C's first element is this one of what the epilogue counts.
  const Epilogue<T>* epilogue = nullptr;
  int64_t batch = 0, row = 0, column = 0;
};

// C (m by n) = alpha * A (m by k) * B, of at most kMostDotRows rows. Rows of A are dense and follow
// each other; column j of B is the line at b + j * b_stride.
inline constexpr int64_t kMostDotRows = 4;
struct DotBlock {
  int64_t m, n, k;
  float alpha;
  const float* a;
  const float* b;
  int64_t b_stride;
  float* c;  // Row i at c + i * c_stride, dense.
  int64_t c_stride;
};

// Some rows of outputs of a depthwise convolution, of one channel. Output (r, c) is `start` plus
// the sum over the taps of weights[t1 * taps2 + t2] * image[r * row_step + row_offsets[t1] + c +
// column_offsets[t2]], clamped.
struct DepthwiseBand {
  int64_t taps1, taps2;
  const float* weights;
  const int64_t* row_offsets;
  const int64_t* column_offsets;
  const float* image;
  int64_t row_step;
  float start;
  bool clamps;
  float low, high;
  int64_t rows, columns;  // Columns are whole panels.
  float* out;             // [rows][columns].
};

// The block loops of one instruction set.
struct Isa {
  const char* name;
  int64_t rows;  // Of a panel of A, in both types.
  void (*multiply_f32)(const Block<float>&);
  void (*multiply_f64)(const Block<double>&);
  void (*depthwise)(const DepthwiseBand&);
  void (*dot)(const DotBlock&);
  // to[i] = from[i * step] for i in [begin, end), 0 for the others in [0, size).
  void (*copy_line)(float* to, const float* from, int64_t step, int64_t begin, int64_t end,
                    int64_t size);

  void multiply(const Block<float>& block) const { multiply_f32(block); }
  void multiply(const Block<double>& block) const { multiply_f64(block); }
};

inline constexpr int32_t kMaxIsas = 3;

// The instruction sets of this build that the processor has, the best first. At least one.
int32_t isa_count();
const Isa& isa(int32_t index);
inline const Isa& best_isa() { return isa(0); }

}  // namespace tenon::cpu::gemm
