// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/operators/gemm.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "plugins/gpu_common/types.h"

namespace tenon::gpu {
namespace {

constexpr int64_t ceil_div(int64_t x, int64_t by) { return (x + by - 1) / by; }

// The one stride between neighbouring numbers, if there is one.
bool even_stride(const uint32_t* dims, const int64_t* strides, int64_t* stride) {
  *stride = 0;
  int64_t expected = 0;
  for (int i = 3; i >= 0; --i) {
    if (dims[i] == 1) continue;
    if (expected == 0) {
      *stride = strides[i];
    } else if (strides[i] != expected) {
      return false;
    }
    expected = strides[i] * dims[i];
    if (expected == 0) expected = -1;  // All have to be 0 then; rare enough to be left alone.
  }
  return true;
}

// The stride of the fastest digit that there is.
int64_t fastest_stride(const Digits& digits, const int64_t* strides) {
  for (int i = 3; i >= 0; --i) {
    if (digits.dims[i] > 1) return std::abs(strides[i]);
  }
  return INT64_MAX;
}

}  // namespace

Digits::Digits(const std::array<int64_t, 4>& values) {
  for (size_t i = 0; i < 4; ++i) {
    // Rounded up, 2^(31 + bits) / d gives exact quotients for numbers below 2^31.
    const auto dim = static_cast<uint32_t>(std::max<int64_t>(values[i], 1));
    const auto bits = static_cast<uint32_t>(std::bit_width(dim - 1));
    dims[i] = dim;
    shifts[i] = 31 + bits;
    multipliers[i] = static_cast<uint32_t>(((uint64_t{1} << shifts[i]) + dim - 1) / dim);
  }
}

void GemmOperand::choose_direction() {
  if (!windowed) {
    plain.along_depth = std::abs(plain.depth_stride) < std::abs(plain.row_stride) ? 1 : 0;
    return;
  }
  plain.along_depth = fastest_stride(window.depth, window.depth_strides) <
                              fastest_stride(window.rows, window.row_strides)
                          ? 1
                          : 0;
}

void GemmOperand::simplify(int64_t element_size) {
  const Window& w = window;
  for (int i = 0; i < 4; ++i) {
    int64_t low = w.first[i], high = w.first[i];
    const auto widen = [&](int64_t step, uint32_t dim) {
      (step < 0 ? low : high) += step * (int64_t{dim} - 1);
    };
    widen(w.row_steps[i], w.rows.dims[i]);
    widen(w.depth_steps[i], w.depth.dims[i]);
    if (low < 0 || high >= w.extents[i]) return;
  }
  Plain even;
  if (!even_stride(w.rows.dims, w.row_strides, &even.row_stride) ||
      !even_stride(w.depth.dims, w.depth_strides, &even.depth_stride)) {
    return;
  }
  windowed = false;
  plain = even;
  if (data != nullptr) data += w.start * element_size;
}

void GemmProblem::add_batch_dim(int64_t dim, const std::array<int64_t, 4>& strides) {
  if (dim == 1) return;
  // Joins the dim before it where all operands step evenly over both.
  if (batch_rank > 0) {
    bool joins = true;
    for (size_t k = 0; k < 4; ++k) {
      joins = joins && batch_strides[k][batch_rank - 1] == strides[k] * dim;
    }
    if (joins) {
      batch_dims[batch_rank - 1] *= dim;
      for (size_t k = 0; k < 4; ++k) batch_strides[k][batch_rank - 1] = strides[k];
      return;
    }
  }
  batch_dims[batch_rank] = dim;
  for (size_t k = 0; k < 4; ++k) batch_strides[k][batch_rank] = strides[k];
  ++batch_rank;
}

int64_t GemmProblem::batch() const {
  int64_t count = 1;
  for (int32_t d = 0; d < batch_rank; ++d) count *= batch_dims[d];
  return count;
}

void GemmProblem::set_columns(const std::array<int64_t, 4>& dims,
                              const std::array<int64_t, 4>& strides) {
  shape.columns = Digits(dims);
  std::copy(strides.begin(), strides.end(), shape.column_strides);
  shape.split_columns =
      even_stride(shape.columns.dims, shape.column_strides, &shape.y_column) ? 0 : 1;
}

Gemm::Blocks Gemm::choose_blocks(const Limits& limits, tn_dtype dtype) {
  const int64_t size = tn_dtype_bits(dtype) / 8;
  Blocks b{};
  if (limits.is_cpu) {
    // Tiles of eight rows of two 512-bit vectors: 16 of the 32 registers hold sums. Panels of the
    // largest step fill a third of a second-level cache of 1 MiB.
    b = {64, 1024 / size, 256, 8, 128 / size, 1, 0, 64 / size};
    b.run = b.tile_n;
  } else {
    b = {128, 128, 16, 8, 8, 256, 1, 1};
    if (size == 8 || limits.max_group < 256) b = {64, 64, 16, 8, 8, 64, 1, 1};
  }
  // Some processors have little local memory.
  const auto room = static_cast<int64_t>(limits.local_bytes) / 10 * 9 / ((b.m + b.n) * size);
  b.step = std::min(b.step, std::max<int64_t>(room / 8 * 8, 1));
  return b;
}

Gemm::Gemm(const Description& description, tn_dtype dtype, bool plain)
    : machine_(machine_of(description)),
      dtype_(dtype),
      deterministic_(description.deterministic()),
      blocks_(choose_blocks(machine_.limits(), dtype)) {
  require_arithmetic(description, dtype);
  const auto define = [&](const char* name, const std::string& value) {
    definitions_ += std::string(definitions_.empty() ? "-D" : " -D") + name + "=" + value;
  };
  define("T", c_type(dtype));
  define("LANES", std::to_string(blocks_.lanes));
  define("FUSED", dtype == TN_FLOAT32 || dtype == TN_FLOAT64 ? "1" : "0");
  define("BLOCK_M", std::to_string(blocks_.m));
  define("BLOCK_N", std::to_string(blocks_.n));
  define("STEP", std::to_string(blocks_.step));
  define("TILE_M", std::to_string(blocks_.tile_m));
  define("TILE_N", std::to_string(blocks_.tile_n));
  define("ITEMS", std::to_string(blocks_.items));
  define("RUN", std::to_string(blocks_.run));
  if (plain) function(false, false);
}

const Function& Gemm::function(bool window_a, bool window_b) const {
  auto& known = functions_[(window_a ? 2 : 0) + (window_b ? 1 : 0)];
  const Function* function = known.load(std::memory_order_acquire);
  if (function == nullptr) {
    function = &machine_.function("gemm",
                                  definitions_ + " -DWINDOW_A=" + std::to_string(window_a ? 1 : 0) +
                                      " -DWINDOW_B=" + std::to_string(window_b ? 1 : 0),
                                  "gemm");
    known.store(function, std::memory_order_release);
  }
  return *function;
}

// Parts of the depth, so that every unit has a block to compute.
int64_t Gemm::splits(const GemmProblem& problem) const {
  const ProductShape& s = problem.shape;
  const int64_t blocks = problem.batch() * ceil_div(s.m, blocks_.m) * ceil_div(s.n, blocks_.n);
  const int64_t least = std::max<int64_t>(blocks_.step, 128);
  const int64_t wanted = ceil_div(machine_.limits().units, std::max<int64_t>(blocks, 1));
  return std::clamp<int64_t>(s.k / least, 1, wanted);
}

uint64_t Gemm::workspace_size(const GemmProblem& problem) const {
  const int64_t parts = splits(problem);
  if (parts == 1) return 0;
  return static_cast<uint64_t>(parts * problem.batch() * problem.shape.m * problem.shape.n) *
         (tn_dtype_bits(dtype_) / 8);
}

// To the backend's library, where strides alone say where everything lies. Libraries do not look at
// A and B when alpha is 0, so that NaN there would be lost.
bool Gemm::offer(const GemmProblem& problem, double alpha, double beta, Queue& queue) const {
  const ProductShape& s = problem.shape;
  if (deterministic_ || problem.a.windowed || problem.b.windowed || s.split_columns != 0 ||
      s.k == 0 || alpha == 0 || problem.batch_rank > 1) {
    return false;
  }
  const auto matrices = [&](const std::byte* data, int64_t rows, int64_t columns, size_t k) {
    return Matrices{const_cast<std::byte*>(data), rows, columns,
                    problem.batch_rank == 0 ? 0 : problem.batch_strides[k][0]};
  };
  Product product;
  product.dtype = dtype_;
  product.m = s.m;
  product.n = s.n;
  product.k = s.k;
  product.batch = problem.batch();
  product.alpha = alpha;
  product.beta = beta;
  // Columns of B are the rows of its operand.
  product.a = matrices(problem.a.data, problem.a.plain.row_stride, problem.a.plain.depth_stride, 0);
  product.b = matrices(problem.b.data, problem.b.plain.depth_stride, problem.b.plain.row_stride, 1);
  product.y = matrices(problem.y, s.y_row, s.y_column, 2);
  if (s.has_c != 0) product.c = matrices(problem.c, s.c_row, s.c_column, 3);
  return queue.multiply(product);
}

void Gemm::enqueue(GemmProblem problem, double alpha, double beta, const Arguments& arguments,
                   Queue& queue) const {
  ProductShape& s = problem.shape;
  if (problem.batch() * s.m * s.n == 0 || offer(problem, alpha, beta, queue)) return;
  s.splits = static_cast<int32_t>(splits(problem));
  s.split_depth = static_cast<int32_t>(ceil_div(s.k, s.splits));
  problem.a.choose_direction();
  problem.b.choose_direction();
  const auto number = [&](double value) {
    switch (dtype_) {
      case TN_FLOAT32:
        return Parameter::value(static_cast<float>(value));
      case TN_FLOAT64:
        return Parameter::value(value);
      case TN_INT64:
      case TN_UINT64:
        return Parameter::value(static_cast<int64_t>(value));
      default:
        return Parameter::value(static_cast<int32_t>(value));
    }
  };
  const Parameter of_product = number(alpha), of_addend = number(beta);
  // The kernel knows four batch dims; ones before them are walked here. The workspace is for all
  // of the batch, and the queue runs in order, so they may share it.
  const int32_t outer = std::max(problem.batch_rank - 4, 0);
  s.batch = 1;
  for (int32_t d = outer; d < problem.batch_rank; ++d) {
    const int32_t i = 4 - problem.batch_rank + d;
    s.batch_dims[i] = static_cast<int32_t>(problem.batch_dims[d]);
    s.batch *= s.batch_dims[i];
    s.a_batch[i] = problem.batch_strides[0][d];
    s.b_batch[i] = problem.batch_strides[1][d];
    s.y_batch[i] = problem.batch_strides[2][d];
    s.c_batch[i] = problem.batch_strides[3][d];
  }
  const GemmProblem first = problem;
  const int64_t size = tn_dtype_bits(dtype_) / 8;
  int64_t index[TN_MAX_RANK] = {};
  while (true) {
    int64_t offsets[4] = {};
    for (int32_t d = 0; d < outer; ++d) {
      for (size_t k = 0; k < 4; ++k) offsets[k] += index[d] * first.batch_strides[k][d] * size;
    }
    problem.a.data = first.a.data + offsets[0];
    problem.b.data = first.b.data + offsets[1];
    problem.y = first.y + offsets[2];
    if (first.c != nullptr) problem.c = first.c + offsets[3];
    launch(problem, of_product, of_addend, arguments, queue);
    int32_t d = outer - 1;
    while (d >= 0 && ++index[d] == first.batch_dims[d]) index[d--] = 0;
    if (d < 0) return;
  }
}

void Gemm::launch(const GemmProblem& problem, const Parameter& alpha, const Parameter& beta,
                  const Arguments& arguments, Queue& queue) const {
  const ProductShape& s = problem.shape;
  const auto memory = [](const std::byte* data) {
    View view;
    view.data = const_cast<std::byte*>(data);
    return Parameter::memory(view);
  };
  const Parameter partial =
      s.splits > 1 ? Parameter::workspace(arguments, 0) : Parameter::memory(View{});
  const int64_t groups =
      int64_t{s.batch} * s.splits * ceil_div(s.m, blocks_.m) * ceil_div(s.n, blocks_.n);
  const Grid grid{{static_cast<uint64_t>(groups * blocks_.items), 1, 1},
                  {static_cast<uint32_t>(blocks_.items), 1, 1}};
  std::array<Parameter, 12> parameters{memory(problem.y),
                                       memory(problem.a.data),
                                       memory(problem.b.data),
                                       memory(problem.c),
                                       partial,
                                       Parameter::value(s),
                                       alpha,
                                       alpha,
                                       alpha,
                                       alpha,
                                       alpha,
                                       alpha};
  size_t count = 6;
  const auto add = [&](const Parameter& parameter) { parameters[count++] = parameter; };
  if (problem.a.windowed) add(Parameter::value(problem.a.window));
  if (problem.b.windowed) add(Parameter::value(problem.b.window));
  add(Parameter::value(problem.a.plain));
  add(Parameter::value(problem.b.plain));
  add(alpha);
  add(beta);
  queue.launch(function(problem.a.windowed, problem.b.windowed), grid,
               std::span<const Parameter>(parameters.data(), count));
  if (s.splits == 1) return;

  const Function* join = join_.load(std::memory_order_acquire);
  if (join == nullptr) {
    join = &machine_.function("gemm", definitions_ + " -DWINDOW_A=0 -DWINDOW_B=0", "gemm_join");
    join_.store(join, std::memory_order_release);
  }
  int64_t chunk = 0;
  const int64_t elements = int64_t{s.batch} * s.m * s.n;
  const Grid all = element_grid(machine_.limits(), elements, &chunk, int64_t{4} * s.splits);
  queue.launch(*join, all,
               {memory(problem.y), partial, memory(problem.c), Parameter::value(s), alpha, beta,
                Parameter::value(elements), Parameter::value(chunk)});
}

}  // namespace tenon::gpu
