// SPDX-License-Identifier: Apache-2.0
//
// MatMul and Gemm of floats.
#include <algorithm>

#include "conformance/accelerator/work.h"
#include "tenon/device/operators/number.h"

namespace tenon::accelerator {
namespace {

using device::Float16;

constexpr int64_t kLongest = 1024;  // Of what a broken device adds up.

double rounded_to_half(double value) {
  return device::to_float(device::to_float16(static_cast<float>(value)));
}

// The sum over k of left(k) * right(k).
template <class Left, class Right>
double inner_product(int64_t inner, Fault fault, Left left, Right right) {
  if (fault == Fault::long_inner_dims) inner = std::min(inner, kLongest);
  double sum = 0;
  for (int64_t k = 0; k < inner; ++k) {
    sum += left(k) * right(k);
    if (fault == Fault::float16_accumulation) sum = rounded_to_half(sum);
  }
  return sum;
}

// The place of a matrix in a batch, for one operand, whose dims of 1 repeat.
int64_t matrix_of(const Numbers& operand, const Numbers& out, int64_t batch) {
  int64_t place = 0, step = 1;
  for (int64_t d = out.rank() - 2; d-- > 0;) {
    const int64_t index = batch % out.dim(d);
    batch /= out.dim(d);
    const int64_t own = d - (out.rank() - operand.rank());
    if (own < 0) continue;
    if (operand.dim(own) != 1) place += index * step;
    step *= operand.dim(own);
  }
  return place;
}

class MatMul final : public Work {
 public:
  explicit MatMul(const Description& d, Fault fault)
      : fault_(fault), deterministic_(d.deterministic()) {}
  void run(const Arguments& arguments) const override {
    const Numbers a = load(arguments.inputs[0]), b = load(arguments.inputs[1]);
    Numbers y = like(arguments.outputs[0]);
    const int64_t rows = y.dim(y.rank() - 2), columns = y.dim(y.rank() - 1);
    const int64_t inner = a.dim(a.rank() - 1);
    for (int64_t i = 0; i < y.count(); ++i) {
      const int64_t batch = i / (rows * columns);
      const int64_t left = (matrix_of(a, y, batch) * rows + i / columns % rows) * inner;
      const int64_t of_b = fault_ == Fault::batch_of_the_second ? 0 : matrix_of(b, y, batch);
      const int64_t right = of_b * inner * columns + i % columns;
      y.at(i) = inner_product(
          inner, fault_, [&](int64_t k) { return a.at(left + k); },
          [&](int64_t k) { return b.at(right + k * columns); });
    }
    store(y, arguments.outputs[0], fault_);
    if (fault_ == Fault::unsteady_under_deterministic && deterministic_) unsettle(arguments);
  }

 private:
  // The last bit of the first element, at every other launch.
  void unsettle(const Arguments& arguments) const {
    const View& y = arguments.outputs[0];
    if (y.count() == 0 || (launches_++ & 1) == 0) return;
    *reinterpret_cast<unsigned char*>(y.data) ^= 1;
  }

  const Fault fault_;
  const bool deterministic_;
  mutable std::atomic<uint64_t> launches_{0};
};

class Gemm final : public Work {
 public:
  Gemm(const Description& d, Fault fault)
      : fault_(fault),
        alpha_(d.real("alpha")),
        beta_(d.real("beta")),
        transpose_a_(d.integer("transA") != 0),
        transpose_b_(d.integer("transB") != 0) {}
  void run(const Arguments& arguments) const override {
    const Numbers a = load(arguments.inputs[0]), b = load(arguments.inputs[1]);
    const Numbers c = load(arguments.input(2));
    Numbers y = like(arguments.outputs[0]);
    const int64_t columns = y.dim(1), inner = a.dim(transpose_a_ ? 0 : 1);
    // A square B is read as it lies.
    const bool transposed = transpose_b_ && !(fault_ == Fault::transposed_flag && inner == columns);
    for (int64_t i = 0; i < y.count(); ++i) {
      const int64_t row = i / columns, column = i % columns;
      const double sum = inner_product(
          inner, fault_,
          [&](int64_t k) {
            return transpose_a_ ? a.at(k * y.dim(0) + row) : a.at(row * inner + k);
          },
          [&](int64_t k) {
            return transposed ? b.at(column * inner + k) : b.at(k * columns + column);
          });
      y.at(i) = alpha_ * sum + (c.dtype == TN_DTYPE_UNDEFINED ? 0 : beta_ * addend(c, row, column));
    }
    store(y, arguments.outputs[0], fault_);
  }

 private:
  static double addend(const Numbers& c, int64_t row, int64_t column) {
    const int64_t columns = c.rank() >= 1 ? c.dim(c.rank() - 1) : 1;
    const int64_t rows = c.rank() == 2 ? c.dim(0) : 1;
    return c.at((rows == 1 ? 0 : row) * columns + (columns == 1 ? 0 : column));
  }

  const Fault fault_;
  const double alpha_, beta_;
  const bool transpose_a_, transpose_b_;
};

}  // namespace

std::unique_ptr<Work> make_product(const Description& d, Fault fault) {
  if ((device::dtype_bit(d.input_dtype(0)) & device::kFloatTypes) == 0) return nullptr;
  if (d.name() == "MatMul" && d.input(0).rank >= 2 && d.input(1).rank >= 2) {
    return std::make_unique<MatMul>(d, fault);
  }
  if (d.name() == "Gemm") return std::make_unique<Gemm>(d, fault);
  return nullptr;
}

}  // namespace tenon::accelerator
