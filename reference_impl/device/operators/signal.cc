// SPDX-License-Identifier: Apache-2.0
//
// The halves of spectra, and of values of whole matrices.
#include "tenon/device/operators/signal.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/signal_rules.h"
#include "tenon/device/operators/description_checks.h"

namespace tenon::device {

DftOperator::DftOperator(const Description& d) : NamedOperator(d), attributes::DFT(d) {
  if (!d.has_input(0) || d.input_count() > 3 || d.output_count() != 1)
    throw_invalid(name, "takes an input, a length and an axis, and gives one output");
  require_output(d, d.input_dtype(0));
}

void DftOperator::check(const Arguments& a) const {
  check_valued(name, "the output", a, 0,
               [&](const auto& call) { return shapes::dft(call, *this, 0); });
}

Transform DftOperator::transform(const Arguments& a) const {
  const PointCall call(name, a);
  check_output(name, "the output", a, 0, shapes::dft(call, *this, 0));
  const View& x = a.inputs[0];
  const int64_t axis = a.input(2).present() ? integer_at(a.inputs[2]) : shapes::kDftAxis;
  const auto along = static_cast<int32_t>(shapes::axis_of(call, axis, x.shape().size()));
  return {along, shapes::dft_length(call, *this, x.dims[along])};
}

DetOperator::DetOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 1);
  require_output(d, d.input_dtype(0));
}

void DetOperator::check(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::matrix_value(PointCall(name, a), *this, 0));
}

}  // namespace tenon::device
