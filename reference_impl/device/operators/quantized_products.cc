// SPDX-License-Identifier: Apache-2.0
//
// The halves of products of quantized tensors.
#include "tenon/device/operators/quantized_products.h"

#include <bit>

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/quantized_rules.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/quantized.h"

namespace tenon::device {
namespace {

// With the last two dims exchanged, if asked to.
class Turned {
 public:
  Turned(const View& view, bool turn) : built_(view) {
    const int32_t rank = view.rank;
    built_.add(view, 0, turn ? rank - 2 : rank);
    if (turn) {
      built_.add(view, rank - 1, rank);
      built_.add(view, rank - 2, rank - 1);
    }
  }
  const View& view() { return built_.view(); }

 private:
  BuiltView built_;
};

// One number, a vector of a number for each line, or the operand's dims with 1 at the `summed`
// axis (counted from the last one).
void check_lines(std::string_view op, const char* argument, const View& view, const View& operand,
                 int32_t summed) {
  if (!view.present() || view.count() == 1) return;
  const int32_t last = operand.rank - 1;
  if (view.rank == 1 && operand.rank > 1 && view.dims[0] == operand.dims[last - 1 + summed]) return;
  shapes::Shape<int64_t> expected;
  for (int32_t d = 0; d < operand.rank; ++d) expected.add(d == last - summed ? 1 : operand.dims[d]);
  if (!has_dims(view, expected)) throw_dims(op, argument, view.shape(), expected);
}

// As a matrix beside Y: one number moves along no dim, a vector along rows or columns.
BatchedMatrix beside(const MatmulPlan& product, const View& view, bool of_rows) {
  BatchedMatrix matrix;
  matrix.view = view;
  if (!view.present() || view.count() == 1) return matrix;
  BuiltView built(view);
  built.add(view, 0, view.rank);
  if (of_rows && view.rank == 1) built.add(1, 0);
  MatmulPlan plan = product;
  plan_addend(plan, built.view());
  plan.c.view = view;
  return plan.c;
}

}  // namespace

void QuantizedMatmulOperator::check(const Arguments& a) const {
  const PointCall whole(name, a);
  const shapes::Picked<PointCall> call(whole, places.a, places.b - places.a, 2);
  if (transpose_a || transpose_b) {
    struct {
      bool transA, transB;
    } turned{transpose_a, transpose_b};
    check_output(name, "Y", a, 0, shapes::gemm(call, turned, 0));
  } else {
    check_output(name, "Y", a, 0, shapes::matmul(call, 0, 0));
  }
  Turned left(a.input(places.a), transpose_a), right(a.input(places.b), transpose_b);
  check_lines(name, "A's zero point", a.input(places.a_zero), left.view(), 0);
  check_lines(name, "A's scale", a.input(places.a_scale), left.view(), 0);
  check_lines(name, "B's zero point", a.input(places.b_zero), right.view(), 1);
  check_lines(name, "B's scale", a.input(places.b_scale), right.view(), 1);
  check_one_number(name, "Y's scale", a.input(places.y_scale));
  check_one_number(name, "Y's zero point", a.input(places.y_zero));
  const View bias = a.input(places.bias);
  if (bias.present() && a.asked == nullptr) check_addend(name, bias, a.output(0));
}

QuantizedMatmulPlan QuantizedMatmulOperator::plan(const Arguments& a) const {
  Turned left(a.input(places.a), transpose_a), right(a.input(places.b), transpose_b);
  QuantizedMatmulPlan plan;
  plan.product = plan_matmul(left.view(), right.view(), a.output(0));
  plan.product.a.view = a.input(places.a);
  plan.product.b.view = a.input(places.b);
  plan.a_zero = beside(plan.product, a.input(places.a_zero), true);
  plan.a_scale = beside(plan.product, a.input(places.a_scale), true);
  plan.b_zero = beside(plan.product, a.input(places.b_zero), false);
  plan.b_scale = beside(plan.product, a.input(places.b_scale), false);
  plan.bias = beside(plan.product, a.input(places.bias), false);
  return plan;
}

QGemmOperator::QGemmOperator(const Description& d)
    : attributes::MicrosoftQGemm(d),
      QuantizedMatmulOperator(d, {0, 3, 2, 5, 1, 4, 6, 7, 8}, transA, transB) {
  const bool scaled = d.has_input(7);
  if (scaled != d.has_input(8))
    throw_invalid(name, "y_scale and y_zero_point are both given, or neither");
  if (scaled == in_set(d.output_dtype(0), kFloatTypes))
    throw_invalid(name, std::string("with y_scale Y is of y_zero_point's type, without it of "
                                    "float32, not ") +
                            dtype_name(d.output_dtype(0)));
  if (scaled && d.input_dtype(8) != d.output_dtype(0))
    throw_invalid(name, "y_zero_point and Y must have one type");
}

void QGemmOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::quantized_gemm(PointCall(name, a), *this, 0));
  QuantizedMatmulOperator::check(a);
}

QuantizedConvOperator::QuantizedConvOperator(const Description& d, const QuantizedPlaces& at)
    : NamedOperator(d),
      attributes::ConvInteger(d),
      places(at),
      window(name, attributes::Conv(d), d.input(0).rank) {
  d.input(at.b);  // It throws if it is missing.
}

void QuantizedConvOperator::check(const Arguments& a) const {
  const PointCall whole(name, a);
  const shapes::Picked<PointCall> call(whole, places.a, places.b - places.a, 2);
  check_output(name, "y", a, 0, shapes::conv(call, *this, 0));
  const View w = a.input(places.b);
  const auto filters = [&](const char* argument, const View& view) {
    if (view.present() && view.count() != 1 && !has_dims(view, w.shape().first(1)))
      throw_dims(name, argument, view.shape(), w.shape().first(1));
  };
  check_one_number(name, "x's zero point", a.input(places.a_zero));
  check_one_number(name, "x's scale", a.input(places.a_scale));
  filters("w's zero point", a.input(places.b_zero));
  filters("w's scale", a.input(places.b_scale));
  check_one_number(name, "y's scale", a.input(places.y_scale));
  check_one_number(name, "y's zero point", a.input(places.y_zero));
  const View bias = a.input(places.bias);
  if (bias.present() && !has_dims(bias, w.shape().first(1)))
    throw_dims(name, "B", bias.shape(), w.shape().first(1));
}

MatMulNBitsOperator::MatMulNBitsOperator(const Description& d)
    : NamedOperator(d), attributes::MicrosoftMatMulNBits(d) {
  if (!std::has_single_bit(static_cast<uint64_t>(block_size)))
    throw_invalid(name, "block_size is a power of two, not " + std::to_string(block_size));
  const tn_dtype zero = d.input_dtype(3);
  if (d.has_input(3) && zero != TN_UINT8 && zero != d.input_dtype(0))
    throw_invalid(
        name, std::string("zero_points are of uint8 or of A's type, not of ") + dtype_name(zero));
}

void MatMulNBitsOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::matmul_of_blocks(PointCall(name, a), *this, 0));
  const auto holds = [&](const char* argument, size_t i, int64_t count) {
    const View view = a.input(i);
    if (view.present() && view.count() != count)
      throw_invalid(name, std::string(argument) + " has dims " + dims_text(view.shape()) +
                              "; it must have " + std::to_string(count) + " elements");
  };
  const int64_t b[] = {N, blocks(), blob()};
  if (!has_dims(a.input(1), b)) throw_dims(name, "B", a.input(1).shape(), b);
  holds("scales", 2, N * blocks());
  holds("zero_points", 3, N * (a.input(3).dtype == TN_UINT8 ? zero_bytes() : blocks()));
  const View index = a.input(4);
  if (index.present() && index.count() < K)
    throw_invalid(name, "g_idx has dims " + dims_text(index.shape()) + "; it must have " +
                            std::to_string(K) + " elements");
  holds("bias", 5, N);
}

}  // namespace tenon::device
