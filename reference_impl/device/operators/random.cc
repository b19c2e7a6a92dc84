// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that draw numbers.
#include "tenon/device/operators/random.h"

#include "reference_impl/device/operators/rule_calls.h"

namespace tenon::device {
namespace {

void require_four_inputs(const Description& d) {
  if (d.input_count() != 4) throw_invalid(d.name(), "has 4 inputs");
}

void check_scalars(std::string_view op, const Arguments& a, size_t begin) {
  for (size_t i = begin; i < 4; ++i)
    if (a.input(i).count() != 1) throw_dims(op, "a host value", a.input(i).shape(), {});
}

}  // namespace

RandomOperator::RandomOperator(const Description& d) : NamedOperator(d) { require_four_inputs(d); }

void RandomOperator::check(const Arguments& a) const { check_scalars(name, a, 0); }

DropoutOperator::DropoutOperator(const Description& d) : NamedOperator(d) {
  require_four_inputs(d);
  if (d.output_dtype(0) != d.input_dtype(0)) throw_invalid(name, "X and Y must have one type");
  if (d.output_dtype(1) != TN_BOOL) throw_invalid(name, "mask must be bool");
}

void DropoutOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::same(PointCall(name, a), *this, 0));
  check_output(name, "mask", a, 1, shapes::same(PointCall(name, a), *this, 1));
  check_scalars(name, a, 1);
}

}  // namespace tenon::device
