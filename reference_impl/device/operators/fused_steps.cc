// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/fused_steps.h"

#include "tenon/device/operators/shape.h"

namespace tenon::device {
std::vector<Step> read_steps(const Description& d, size_t first_operand) {
  std::vector<Step> steps;
  const size_t operands = d.input_count() > first_operand ? d.input_count() - first_operand : 0;
  const std::string wrong =
      tenon::read_steps(d.texts("steps"), d.reals("step_parameters"), operands, steps);
  if (!wrong.empty()) throw_invalid(d.name(), wrong);
  return steps;
}

std::string step_name(std::string_view op, std::span<const Step> steps, size_t index) {
  return std::string(op) + ", step " + std::to_string(index + 1) + ", '" + steps[index].word->word +
         "'";
}

}  // namespace tenon::device
