// SPDX-License-Identifier: Apache-2.0
//
// Reductions. Which axes is known to a launch alone, so programs are kept by them, too.
//
// oneDNN's reduction is fast over the last axis; over any other it is a plain loop, far slower than
// what is done here: a product of ones with the matrix that is summed.
#include <algorithm>
#include <cmath>

#include "operators.h"
#include "primitive_kernel.h"
#include "tenon/device/operators/reductions.h"
#include "tenon/device/operators/shape.h"

namespace tenon::onednn {
namespace {

using dnnl::algorithm;

class Reduce final : public device::KernelOf<device::ReductionOperator, PrimitiveKernel> {
 public:
  Reduce(const Description& d, algorithm algorithm, float of_nothing)
      : KernelOf(d), algorithm_(algorithm), of_nothing_(of_nothing) {
    require_float32(d, 1);
  }

 protected:
  bool takes_empty() const override { return true; }

  int64_t variant(const Arguments& a) const override { return operator_.axes_of(a); }
  bool worth(const Arguments& a) const override { return a.inputs[0].count() >= 4096; }

  void build(const Arguments& a, Program& p) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const uint32_t axes = operator_.axes_of(a);
    operator_.check_dims(a, 0, axes);
    if (x.count() == 0) return p.fill(0, of_nothing_);
    // Neighbouring axes of a kind are one.
    std::vector<Axis> shape;
    for (int32_t i = 0; i < x.rank; ++i) {
      if (x.dims[i] != 1) append(shape, {x.dims[i], (axes >> i & 1) != 0});
    }
    if (count_reduced(shape) == 0) {  // Each result is of one element.
      p.broadcast(0, Strided::of(x), p.dense_output(0, y, {x.count()}));
      return;
    }
    // From the last axis on, one at a time.
    const float scale = algorithm_ == algorithm::reduction_mean
                            ? static_cast<float>(y.count()) / static_cast<float>(x.count())
                            : 1;
    Program::Operand from = p.dense_input(0, x, {x.count()});
    if (shape.size() <= 2 && shape.back().reduced) {
      const int64_t outer = x.count() / shape.back().size;
      const auto to = p.dense_output(0, y, {outer});
      return reduce_rows(algorithm_, from, to, outer, shape.back().size, p);
    }
    while (count_reduced(shape) != 0) {
      const Axis inner = shape.back();
      shape.pop_back();
      if (inner.reduced) {
        const int64_t outer = count(shape);
        const auto to = p.buffer({outer});
        reduce_rows(algorithm::reduction_sum, from, to, outer, inner.size, p);
        from = to;
        continue;
      }
      const int64_t rows = shape.back().size;
      shape.pop_back();
      const int64_t outer = count(shape);
      if (outer == 1 && rows > kBlock) {
        const int64_t sums = (rows + kBlock - 1) / kBlock;
        const auto to = p.buffer({sums * inner.size});
        add_blocks(from, to, rows, inner.size, p);
        shape = {{sums, true}, inner};
        from = to;
        continue;
      }
      const bool last = count_reduced(shape) == 0;
      const Dims dims = {outer * inner.size};
      const auto to = last ? p.dense_output(0, y, dims) : p.buffer(dims);
      add_rows(from, to, {outer, rows, inner.size}, last ? scale : 1, p);
      append(shape, inner);
      from = to;
    }
  }

 private:
  struct Axis {
    int64_t size;
    bool reduced;
  };

  static void append(std::vector<Axis>& shape, const Axis& axis) {
    if (!shape.empty() && shape.back().reduced == axis.reduced) {
      shape.back().size *= axis.size;
    } else {
      shape.push_back(axis);
    }
  }
  static int64_t count(const std::vector<Axis>& shape) {
    int64_t n = 1;
    for (const Axis& axis : shape) n *= axis.size;
    return n;
  }
  static int64_t count_reduced(const std::vector<Axis>& shape) {
    return std::ranges::count_if(shape, &Axis::reduced);
  }

  // [outer, size] to [outer].
  static void reduce_rows(algorithm how, Program::Operand from, Program::Operand to, int64_t outer,
                          int64_t size, Program& p) {
    const dnnl::reduction::primitive_desc pd(engine(), how, Strided::dense({outer, size}).md(),
                                             Strided::dense({outer, 1}).md(), 0, 0,
                                             attributes_of());
    p.execute<dnnl::reduction>(pd, {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, to}});
  }

  // [outer, rows, columns] to [outer, columns].
  static void add_rows(Program::Operand from, Program::Operand to, const Dims& dims, float scale,
                       Program& p) {
    const Md ones = Strided::dense({1, 1, dims[1]}).md();
    dnnl::primitive_attr attributes = attributes_of();
    if (scale != 1) {
      dnnl::post_ops post;
      post.append_eltwise(algorithm::eltwise_linear, scale, 0);
      attributes.set_post_ops(post);
    }
    const dnnl::matmul::primitive_desc pd(engine(), ones, Strided::dense(dims).md(),
                                          Strided::dense({dims[0], 1, dims[2]}).md(), attributes);
    p.execute<dnnl::matmul>(
        pd, {{DNNL_ARG_SRC, p.constant(ones, 1)}, {DNNL_ARG_WEIGHTS, from}, {DNNL_ARG_DST, to}});
  }

  // [rows, columns] to a sum for each block of rows: the error of a sum must not grow with their
  // number.
  static constexpr int64_t kBlock = 256;
  static void add_blocks(Program::Operand from, Program::Operand to, int64_t rows, int64_t columns,
                         Program& p) {
    const int64_t blocks = rows / kBlock, rest = rows % kBlock;
    add_rows(from, to, {blocks, kBlock, columns}, 1, p);
    if (rest == 0) return;
    add_rows(p.piece(from, {rest, columns}, (rows - rest) * columns),
             p.piece(to, {1, columns}, blocks * columns), {1, rest, columns}, 1, p);
  }

  const algorithm algorithm_;
  const float of_nothing_;
};

std::unique_ptr<Kernel> make(const Description& d, algorithm algorithm, float of_nothing) {
  auto kernel = std::make_unique<Reduce>(d, algorithm, of_nothing);
  kernel->prepare(d);
  return kernel;
}

std::unique_ptr<Kernel> create_sum(const Description& d) {
  return make(d, algorithm::reduction_sum, 0);
}
std::unique_ptr<Kernel> create_mean(const Description& d) {
  return make(d, algorithm::reduction_mean, std::nanf(""));
}
}  // namespace

std::span<const device::OperatorEntry> reduce_operators() {
  static const device::OperatorEntry kEntries[] = {
      {op::kReduceSum, kFloat32, create_sum},
      {op::kReduceMean, kFloat32, create_mean},
  };
  return kEntries;
}

}  // namespace tenon::onednn
