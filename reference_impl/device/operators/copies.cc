// SPDX-License-Identifier: Apache-2.0
//
// The halves of Identity, Cast and tenon.Fill.
#include "tenon/device/operators/copies.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/number.h"

namespace tenon::device {
namespace {

void require_equal_types(const Description& d) {
  if (d.input_dtype(0) != d.output_dtype(0))
    throw_invalid(d.name(), std::string("from ") + dtype_name(d.input_dtype(0)) + " to " +
                                dtype_name(d.output_dtype(0)) + ": the types must be equal");
}

}  // namespace

IdentityOperator::IdentityOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 1);
  require_equal_types(d);
}

void IdentityOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::broadcast(PointCall(name, a), *this, 0));
}

CastOperator::CastOperator(const Description& d) : NamedOperator(d), attributes::Cast(d) {
  require_inputs(d, 1);
  if (to != d.output_dtype(0))
    throw_invalid(name, std::string("attribute `to` and the output's type ") +
                            dtype_name(d.output_dtype(0)) + " differ");
}

void CastOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::broadcast(PointCall(name, a), *this, 0));
}

FillOperator::FillOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 1);
  require_equal_types(d);
  if (d.input(0).rank != 0) throw_invalid(name, "the value must be 0-d");
}

}  // namespace tenon::device
