// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators on quantized tensors that are no products.
#include "tenon/device/operators/qlinear.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/quantized_rules.h"
#include "tenon/device/operators/quantized.h"

namespace tenon::device {
namespace {

// Scales and zero points, which stand at these inputs.
void check_numbers(std::string_view op, const Arguments& a, std::initializer_list<size_t> inputs) {
  for (const size_t i : inputs)
    check_one_number(op, i % 3 == 1 ? "a scale" : "a zero point", a.input(i));
}

}  // namespace

void QLinearBinaryOperator::check(const Arguments& a) const {
  check_output(name, "C", a, 0, shapes::quantized_broadcast(PointCall(name, a), *this, 0));
  check_numbers(name, a, {1, 2, 4, 5});
  check_one_number(name, "C's scale", a.input(6));
  check_one_number(name, "C's zero point", a.input(7));
}

void QLinearSigmoidOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::same(PointCall(name, a), *this, 0));
  check_numbers(name, a, {1, 2});
  check_one_number(name, "Y's scale", a.input(3));
  check_one_number(name, "Y's zero point", a.input(4));
}

QLinearConcatOperator::QLinearConcatOperator(const Description& d)
    : NamedOperator(d), attributes::MicrosoftQLinearConcat(d) {
  if (d.input_count() < 5 || d.input_count() % 3 != 2)
    throw_invalid(name,
                  "inputs are a scale and a zero point, then as many of each tensor; there are " +
                      std::to_string(d.input_count()));
  for (size_t i = 2; i < d.input_count(); i += 3) {
    const std::string which = "input " + std::to_string(i);
    const tn_dtype type = d.input(i).dtype;
    if (type == TN_FLOAT32) throw_invalid(name, which + ", a tensor, is of float32");
    if (d.input(i + 1).dtype != TN_FLOAT32)
      throw_invalid(name, "the scale of " + which + " is of " + dtype_name(d.input(i + 1).dtype) +
                              ", not of float32");
    if (d.input(i + 2).dtype != type)
      throw_invalid(name, "the zero point of " + which + " is of " +
                              dtype_name(d.input(i + 2).dtype) + ", not of " + dtype_name(type));
  }
}

void QLinearConcatOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::quantized_concat(PointCall(name, a), *this, 0));
  check_one_number(name, "Y's scale", a.input(0));
  check_one_number(name, "Y's zero point", a.input(1));
  for (size_t i = 0; i < count(a); ++i) {
    check_one_number(name, "a scale", scale(a, i));
    check_one_number(name, "a zero point", zero(a, i));
  }
}

ChannelsFirst::ChannelsFirst(const View& view, bool channels_last) : view_(view) {
  if (!channels_last || view.rank < 3) return;
  for (int32_t d = 0; d < view.rank; ++d) {
    const int32_t from = d == 0 ? 0 : d == 1 ? view.rank - 1 : d - 1;
    dims_[d] = view.dims[from];
    strides_[d] = view.strides[from];
  }
  view_.dims = dims_;
  view_.strides = strides_;
}

QLinearAveragePoolOperator::QLinearAveragePoolOperator(const Description& d)
    : NamedOperator(d),
      attributes::MicrosoftQLinearAveragePool(d),
      window(name, *this, d.input(0).rank) {}

void QLinearAveragePoolOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::quantized_pool(PointCall(name, a), *this, 0));
  check_numbers(name, a, {1, 2});
  check_one_number(name, "Y's scale", a.input(3));
  check_one_number(name, "Y's zero point", a.input(4));
}

void QLinearGlobalAveragePoolOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::quantized_global_pool(PointCall(name, a), *this, 0));
  check_numbers(name, a, {1, 2});
  check_one_number(name, "Y's scale", a.input(3));
  check_one_number(name, "Y's zero point", a.input(4));
}

}  // namespace tenon::device
