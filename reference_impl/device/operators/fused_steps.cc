// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/fused_steps.h"

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

FusedSteps::FusedSteps(const Description& d, size_t first_operand)
    : operator_(d.name()), first_operand_(first_operand) {
  const size_t operands = d.input_count() > first_operand ? d.input_count() - first_operand : 0;
  const attributes::TenonFusedMatMul given(d);  // Those of FusedConv are the same.
  const std::string wrong = tenon::read_steps(given.steps, given.step_parameters, operands, steps_);
  if (!wrong.empty()) throw_invalid(operator_, wrong);
  const tn_argument& y = d.output(0);
  for (size_t i = 0; i < size(); ++i) {
    if (operand_of(i) == 0) continue;
    const tn_argument& operand = d.input(operand_of(i));
    if (operand.dtype != y.dtype)
      throw_invalid(name_of(i), "the operand is " + std::string(dtype_name(operand.dtype)) +
                                    ", expected " + dtype_name(y.dtype));
    if (operand.rank > y.rank)
      throw_invalid(name_of(i), "the operand has " + std::to_string(operand.rank) +
                                    " dims, more than the output's " + std::to_string(y.rank));
  }
}

std::string FusedSteps::name_of(size_t i) const {
  return operator_ + ", step " + std::to_string(i + 1) + ", '" + steps_[i].word->word + "'";
}

void FusedSteps::check(const Arguments& a) const {
  const View& y = a.outputs[0];
  for (size_t i = 0; i < size(); ++i) {
    if (operand_of(i) == 0) continue;
    const View& operand = a.inputs[operand_of(i)];
    if (!broadcasts_to(operand, y))
      throw_invalid(name_of(i), "the operand of dims " + dims_text(operand.shape()) +
                                    " does not broadcast to the output's dims " +
                                    dims_text(y.shape()));
  }
}

}  // namespace tenon::device
