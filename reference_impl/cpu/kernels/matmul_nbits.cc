// SPDX-License-Identifier: Apache-2.0
//
// MatMulNBits: panels of columns of the matrix are made into float32 as they are needed, and meet
// all rows of A.
#include <bit>

#include "reference_impl/cpu/kernels/quantize.h"
#include "reference_impl/cpu/kernels/quantized.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/quantized_products.h"

namespace tenon::cpu {
namespace {

constexpr int64_t kColumns = 16;
constexpr int64_t kRowsAtOnce = 4;
constexpr int64_t kRowsOfTask = 64;

// sums [rows][kColumns] = A [rows][k] @ a panel [k][kColumns].
template <int rows>
struct PanelProduct {
  typedef float Lanes __attribute__((vector_size(kColumns * sizeof(float)), aligned(4), may_alias));
  TENON_INLINE static void body(const float* a, int64_t k, const float* panel, float* sums) {
    Lanes totals[rows] = {};
    for (int64_t i = 0; i < k; ++i) {
      const Lanes b = *reinterpret_cast<const Lanes*>(panel + i * kColumns);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) totals[r] += a[r * k + i] * b;
    }
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) *reinterpret_cast<Lanes*>(sums + r * kColumns) = totals[r];
  }
};
template <int rows>
using PanelProductLoop =
    SimdLoop<PanelProduct<rows>, true, const float*, int64_t, const float*, float*>;

// The place of element `index` of a tensor, counted in row-major order.
int64_t place_of_element(const View& view, int64_t index) {
  int64_t place = 0;
  for (int32_t d = view.rank; d-- > 0; index /= view.dims[d])
    place += index % view.dims[d] * view.strides[d];
  return place;
}
template <class C>
C element_of(const View& view, int64_t index) {
  C value;
  read_numbers(view, place_of_element(view, index), 0, 1, &value);
  return value;
}

class MatMulNBits final : public KernelOf<MatMulNBitsOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    WorkspaceParts parts;
    take(parts, a);
    return parts.used();
  }

  void run(const Arguments& a, const Execution& execution) const override {
    static const auto one = PanelProductLoop<1>::select();
    static const auto some = PanelProductLoop<kRowsAtOnce>::select();
    const View y = a.output(0), bias = a.input(5);
    if (y.count() == 0) return;
    check_groups(a);
    WorkspaceParts parts(a.workspace);
    const Scratch scratch = take(parts, a);
    const int64_t rows = rows_of(a), blocks = row_blocks(rows);
    for_each_task(execution, tasks(a), [&](int64_t task, int64_t slot) {
      float* panel = scratch.panels + slot * operator_.K * kColumns;
      float* lines = scratch.lines + slot * operator_.K * kRowsAtOnce;
      const int64_t column = task / blocks * kColumns, first = task % blocks * kRowsOfTask;
      const int64_t count = std::min(kColumns, operator_.N - column);
      for (int64_t j = 0; j < kColumns; ++j) fill_column(a, column + j, j < count, panel + j);
      float addend[kColumns] = {};
      for (int64_t j = 0; j < count && bias.present(); ++j)
        addend[j] = element_of<float>(bias, column + j);
      for (int64_t row = first; row < std::min(first + kRowsOfTask, rows);) {
        const bool single = std::min(first + kRowsOfTask, rows) - row < kRowsAtOnce;
        const int64_t together = single ? 1 : kRowsAtOnce;
        float sums[kRowsAtOnce * kColumns];
        for (int64_t r = 0; r < together; ++r) {
          const View& x = a.inputs[0];
          read_numbers(x, line_of(x, row + r), x.strides[x.rank - 1], operator_.K,
                       lines + r * operator_.K);
        }
        (single ? one : some)(lines, operator_.K, panel, sums);
        for (int64_t r = 0; r < together; ++r) {
          const int64_t step = y.strides[y.rank - 1];
          for (int64_t j = 0; j < count; ++j) sums[r * kColumns + j] += addend[j];
          write_numbers(y, line_of(y, row + r) + column * step, step, count, sums + r * kColumns);
        }
        row += together;
      }
    });
  }

 private:
  struct Scratch {
    float *panels, *lines;
  };
  Scratch take(WorkspaceParts& parts, const Arguments& a) const {
    const int64_t slots = scratch_slots(tasks(a));
    return {parts.take_array<float>(slots * operator_.K * kColumns),
            parts.take_array<float>(slots * operator_.K * kRowsAtOnce)};
  }
  static int64_t rows_of(const Arguments& a) {
    const View& x = a.inputs[0];
    int64_t rows = 1;
    for (int32_t d = 0; d + 1 < x.rank; ++d) rows *= x.dims[d];
    return rows;
  }
  static int64_t row_blocks(int64_t rows) { return (rows + kRowsOfTask - 1) / kRowsOfTask; }
  int64_t tasks(const Arguments& a) const {
    return (operator_.N + kColumns - 1) / kColumns * row_blocks(rows_of(a));
  }
  // Where a row begins, of all that the dims before the last one count.
  static int64_t line_of(const View& view, int64_t row) {
    int64_t place = 0;
    for (int32_t d = view.rank - 1; d-- > 0; row /= view.dims[d])
      place += row % view.dims[d] * view.strides[d];
    return place;
  }

  void check_groups(const Arguments& a) const {
    const View index = a.input(4);
    for (int64_t k = 0; index.present() && k < operator_.K; ++k) {
      const auto group = element_of<int32_t>(index, k);
      if (group >= 0 && group < operator_.blocks()) continue;
      throw KernelError(TN_INVALID_ARGUMENT, operator_.name + ": g_idx " + std::to_string(group) +
                                                 " is none of the " +
                                                 std::to_string(operator_.blocks()) + " blocks");
    }
  }

  float zero_of(const View& zeros, int64_t column, int64_t block) const {
    if (!zeros.present()) return static_cast<float>(1 << (operator_.bits - 1));
    if (zeros.dtype != TN_UINT8)
      return element_of<float>(zeros, column * operator_.blocks() + block);
    const int64_t bit = block * operator_.bits;
    const auto byte = element_of<int32_t>(zeros, column * operator_.zero_bytes() + bit / 8);
    return static_cast<float>(byte >> bit % 8 & ((1 << operator_.bits) - 1));
  }

  // to[k * kColumns]: a column of the matrix, zeros where there is none.
  void fill_column(const Arguments& a, int64_t column, bool exists, float* to) const {
    if (!exists) {
      for (int64_t k = 0; k < operator_.K; ++k) to[k * kColumns] = 0;
      return;
    }
    const View b = a.input(1), zeros = a.input(3), index = a.input(4);
    const int32_t mask = (1 << operator_.bits) - 1;
    const int64_t in_byte = 8 / operator_.bits;
    for (int64_t block = 0; block < operator_.blocks(); ++block) {
      const uint8_t* bytes = b.as<const uint8_t>() + column * b.strides[0] + block * b.strides[1];
      const int64_t first = block * operator_.block_size;
      const int64_t count = std::min(operator_.block_size, operator_.K - first);
      auto scale = element_of<float>(a.inputs[2], column * operator_.blocks() + block);
      float zero = zero_of(zeros, column, block);
      for (int64_t i = 0; i < count; ++i) {
        if (index.present()) {
          const auto group = element_of<int32_t>(index, first + i);
          scale = element_of<float>(a.inputs[2], column * operator_.blocks() + group);
          zero = zero_of(zeros, column, group);
        }
        const int32_t byte = bytes[i / in_byte * b.strides[2]];
        const int32_t q = byte >> i % in_byte * operator_.bits & mask;
        to[(first + i) * kColumns] = (static_cast<float>(q) - zero) * scale;
      }
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> create_matmul_nbits(const Description& d) {
  return std::make_unique<MatMulNBits>(d);
}

}  // namespace tenon::cpu
