// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that quantize a tensor, or the reverse.
#include "tenon/device/operators/quantized.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/quantized_rules.h"

namespace tenon::device {
namespace {

// Attributes have a type as its number, or 0.
void require_type(const Description& d, const char* attribute, int64_t said) {
  if (said != 0 && said != d.output_dtype(0))
    throw_invalid(d.name(), std::string(attribute) + " is " + std::to_string(said) +
                                ", and the output's type " + dtype_name(d.output_dtype(0)));
}

// Throws where the scale's dims fit no way of dividing x.
ScaleBlocks blocks_of(std::string_view op, int64_t axis, int64_t block_size, const View& x,
                      const View& scale) {
  const bool blocked = block_size > 0 && scale.rank == x.rank && x.rank > 0;
  if (!blocked && scale.count() == 1) return {};
  ScaleBlocks blocks;
  blocks.axis = x.rank == 1 ? 0 : normalize_axis(op, axis, x.rank);
  blocks.block = blocked ? block_size : 1;
  blocks.has_rank = blocked;
  shapes::Shape<int64_t> expected;
  for (int32_t d = 0; d < x.rank; ++d) {
    const int64_t block = d == blocks.axis ? blocks.block : 1;
    if (blocked || d == blocks.axis)
      expected.add(x.dims[d] / block + (x.dims[d] % block != 0 ? 1 : 0));
  }
  if (!has_dims(scale, expected)) throw_dims(op, "the scale", scale.shape(), expected);
  return blocks;
}

void check_zero_point(std::string_view op, const View& zero, const View& scale) {
  if (!zero.present() || (zero.count() == 1 && scale.count() == 1)) return;
  check_same_dims(op, "the zero point", zero, scale);
}

}  // namespace

void check_one_number(std::string_view op, const char* argument, const View& view) {
  if (view.present() && view.count() != 1) throw_dims(op, argument, view.shape(), {});
}

QuantizeLinearOperator::QuantizeLinearOperator(const Description& d)
    : NamedOperator(d), attributes::QuantizeLinear(d) {
  require_type(d, "output_dtype", output_dtype);
  const tn_dtype scale = d.input(1).dtype;
  quotient = precision != 0               ? static_cast<tn_dtype>(precision)
             : in_set(scale, kFloatTypes) ? scale
                                          : TN_DTYPE_UNDEFINED;
}

ScaleBlocks QuantizeLinearOperator::blocks(const Arguments& a) const {
  return blocks_of(name, axis, block_size, a.input(0), a.input(1));
}

void QuantizeLinearOperator::check(const Arguments& a) const {
  check_output(name, "y", a, 0, shapes::same(PointCall(name, a), *this, 0));
  blocks(a);
  check_zero_point(name, a.input(2), a.input(1));
}

DequantizeLinearOperator::DequantizeLinearOperator(const Description& d)
    : NamedOperator(d), attributes::DequantizeLinear(d) {
  require_type(d, "output_dtype", output_dtype);
  d.input(1);  // It throws if it is missing.
}

ScaleBlocks DequantizeLinearOperator::blocks(const Arguments& a) const {
  return blocks_of(name, axis, block_size, a.input(0), a.input(1));
}

void DequantizeLinearOperator::check(const Arguments& a) const {
  check_output(name, "y", a, 0, shapes::same(PointCall(name, a), *this, 0));
  blocks(a);
  check_zero_point(name, a.input(2), a.input(1));
}

void DynamicQuantizeLinearOperator::check(const Arguments& a) const {
  for (size_t i = 0; i < 3; ++i) {
    static constexpr const char* kNames[] = {"y", "y_scale", "y_zero_point"};
    check_output(name, kNames[i], a, i, shapes::dynamic_quantize(PointCall(name, a), *this, i));
  }
}

}  // namespace tenon::device
