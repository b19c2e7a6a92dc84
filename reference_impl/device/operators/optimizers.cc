// SPDX-License-Identifier: Apache-2.0
//
// The halves of optimizer steps.
#include "tenon/device/operators/optimizers.h"

#include <algorithm>

#include "reference_impl/device/operators/rule_calls.h"

namespace tenon::device {
namespace {

// Throws unless all present tensors have the parameter's type.
void check_state_types(const Description& d, size_t inputs) {
  for (size_t i = 0; i < std::max(inputs, d.output_count()); ++i) {
    const bool wrong = (i < inputs && d.has_input(i) && d.input_dtype(i) != d.input_dtype(0)) ||
                       (d.has_output(i) && d.output_dtype(i) != d.input_dtype(0));
    if (wrong) throw_invalid(d.name(), "gradient and state must have the parameter's type");
  }
}

template <class Rule>
void check_state_dims(std::string_view op, const Arguments& a, size_t inputs, Rule rule) {
  for (size_t i = 1; i < inputs; ++i) {
    if (a.input(i).present()) check_same_dims(op, "gradient or state", a.input(i), a.input(0));
  }
  for (size_t i = 0; i < a.outputs.size(); ++i) {
    check_output(op, "an output", a, i, rule(PointCall(op, a), op, i));
  }
}

// Host values have one element each.
void check_step_values(std::string_view op, const Arguments& a, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (!a.input(i).present()) throw_invalid(op, "a host value is missing");
    if (a.input(i).count() != 1) throw_dims(op, "a host value", a.input(i).shape(), {});
  }
}

void require_inputs_of_step(const Description& d, size_t inputs) {
  if (d.input_count() != inputs)
    throw_invalid(d.name(), "has " + std::to_string(inputs) + " inputs");
}

}  // namespace

AdamWOperator::AdamWOperator(const Description& d) : NamedOperator(d), attributes::TenonAdamW(d) {
  require_inputs_of_step(d, kInputs);
  check_state_types(d, kTensors);
  if (d.has_input(4) != d.has_output(3))
    throw_invalid(name, "max_exp_avg_sq and new_max_exp_avg_sq belong together");
}

void AdamWOperator::check(const Arguments& a) const {
  check_state_dims(name, a, kTensors, shapes::Like<0, 2, 3, 4>());
  check_step_values(name, a, kTensors, kInputs);
}

SgdMomentumOperator::SgdMomentumOperator(const Description& d)
    : NamedOperator(d),
      attributes::TenonSgdMomentum(d),
      buffer(!d.has_output(1) ? SgdBuffer::kNone
             : first          ? SgdBuffer::kFirst
                              : SgdBuffer::kKept) {
  require_inputs_of_step(d, kInputs);
  check_state_types(d, kTensors);
  if (d.has_input(2) && !d.has_output(1)) throw_invalid(name, "new_buffer is missing");
  if (d.has_output(1) && !d.has_input(2) && !first) throw_invalid(name, "buffer is missing");
}

void SgdMomentumOperator::check(const Arguments& a) const {
  check_state_dims(name, a, kTensors, shapes::Like<0, 0>());
  check_step_values(name, a, kTensors, kInputs);
}

}  // namespace tenon::device
