// SPDX-License-Identifier: Apache-2.0
//
// The product behind MatMul, Gemm, Conv and their gradients: kernels/gemm.cl seen from the host.
#pragma once

#include <array>
#include <atomic>

#include "plugins/gpu_common/kernel.h"

namespace tenon::gpu {

// These are structs of kernels/gemm.cl; see there.
struct Digits {
  uint32_t dims[4], multipliers[4], shifts[4];
  Digits() : Digits({1, 1, 1, 1}) {}
  explicit Digits(const std::array<int64_t, 4>& dims);
};

struct Window {
  Digits rows, depth;
  int64_t start = 0, row_strides[4] = {}, depth_strides[4] = {};
  int32_t row_steps[4] = {}, depth_steps[4] = {}, first[4] = {}, extents[4] = {1, 1, 1, 1};
};

struct Plain {
  int64_t row_stride = 0, depth_stride = 0;
  int32_t along_depth = 0, unused = 0;
};

struct ProductShape {
  int32_t m = 0, n = 0, k = 0, batch = 1;
  int32_t splits = 1, split_depth = 0;
  int32_t has_c = 0, split_columns = 0;
  int32_t batch_dims[4] = {1, 1, 1, 1};
  int64_t a_batch[4] = {}, b_batch[4] = {}, y_batch[4] = {}, c_batch[4] = {};
  int64_t y_row = 0, y_column = 0, c_row = 0, c_column = 0;
  Digits columns;
  int64_t column_strides[4] = {};
};

// One side of a product, by strides or seen through a window.
struct GemmOperand {
  const std::byte* data = nullptr;
  bool windowed = false;
  Plain plain;
  Window window;

  // Along its depth or along its rows: whichever has the smaller stride.
  void choose_direction();
  // Gives up a window that shows everything in even steps.
  void simplify(int64_t element_size);
};

// A product with any number of batch dims, outermost first. Strides are in elements. What the host
// fills in of `shape`: m, n, k, has_c, the strides of Y and C, split_columns and what goes with it.
struct GemmProblem {
  GemmOperand a, b;
  std::byte* y = nullptr;
  const std::byte* c = nullptr;
  ProductShape shape;
  int32_t batch_rank = 0;
  // Of a, b, y, c.
  int64_t batch_dims[TN_MAX_RANK], batch_strides[4][TN_MAX_RANK];

  void add_batch_dim(int64_t dim, const std::array<int64_t, 4>& strides);
  int64_t batch() const;
  // Columns as digits with these strides; one stride where they allow.
  void set_columns(const std::array<int64_t, 4>& dims, const std::array<int64_t, 4>& strides);
};

// float32, float64, int32, int64 and their unsigned kin.
class Gemm {
 public:
  // Compiles the kernel for products without windows, unless told not to.
  Gemm(const Description& description, tn_dtype dtype, bool plain = true);

  // Depends on the dims of `problem` alone.
  uint64_t workspace_size(const GemmProblem& problem) const;
  // `workspace`: that many bytes of the launch's.
  void enqueue(GemmProblem problem, double alpha, double beta, const Arguments& arguments,
               Queue& queue) const;

  // Columns that one group computes.
  int64_t block_columns() const { return blocks_.n; }

 private:
  struct Blocks {
    int64_t m, n, step, tile_m, tile_n, items, run, lanes;
  };
  static Blocks choose_blocks(const Limits& limits, tn_dtype dtype);
  const Function& function(bool window_a, bool window_b) const;
  int64_t splits(const GemmProblem& problem) const;
  bool offer(const GemmProblem& problem, double alpha, double beta, Queue& queue) const;
  void launch(const GemmProblem& problem, const Parameter& alpha, const Parameter& beta,
              const Arguments& arguments, Queue& queue) const;

  Machine& machine_;
  tn_dtype dtype_;
  bool deterministic_;
  Blocks blocks_;
  std::string definitions_;
  // By windows of a and b; the machine owns them. Made when first needed.
  mutable std::array<std::atomic<const Function*>, 4> functions_{};
  mutable std::atomic<const Function*> join_{};
};

}  // namespace tenon::gpu
