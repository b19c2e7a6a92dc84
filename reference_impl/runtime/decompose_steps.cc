// SPDX-License-Identifier: Apache-2.0
//
// The attribute `steps` of a fused operator as the operators that its words are, one behind the
// other.
#include <optional>

#include "runtime/device_impl.h"
#include "runtime/temporaries.h"
#include "tenon/cpp/number.hpp"
#include "tenon/cpp/steps.hpp"

namespace tenon::runtime {
namespace {

std::vector<tenon::Step> steps_of(const Operation& operation, size_t operand_count) {
  std::vector<std::string> words;
  std::vector<float> parameters;
  for (const Attribute& attribute : operation.attributes()) {
    if (attribute.name == "steps") words = std::get<std::vector<std::string>>(attribute.value);
    if (attribute.name == "step_parameters")
      parameters = std::get<std::vector<float>>(attribute.value);
  }
  std::vector<tenon::Step> steps;
  const std::string wrong = read_steps(words, parameters, operand_count, steps);
  if (!wrong.empty()) {
    throw Error(TN_INVALID_ARGUMENT, "",
                std::string(operators()[operation.index()].full_name) + ": " + wrong);
  }
  return steps;
}

Operation operation_of(const tenon::Step& step) {
  const StepWord& word = *step.word;
  std::vector<Attribute> attributes;
  if (word.attribute != nullptr) attributes.push_back({word.attribute, std::string(word.text)});
  for (size_t i = 0; i < word.parameter_count && !word.parameters_are_inputs; ++i)
    attributes.push_back({word.parameters[i], step.parameters[i]});
  const std::string domain = word.domain;
  return Operation(domain.empty() ? word.name : domain + "." + word.name, std::move(attributes));
}

// A number in the bytes of a float type.
struct Scalar {
  explicit Scalar(float value, tn_dtype dtype) { write_element(dtype, value, bytes); }
  alignas(double) std::byte bytes[kMaxElementBytes] = {};
};

}  // namespace

bool DeviceImpl::run_steps(const Operation& operation, const Argument& value,
                           std::span<const Argument> operands, const Argument& output,
                           Progress* progress) {
  const std::vector<tenon::Step> steps = steps_of(operation, operands.size());
  std::optional<ScratchMemory> memory;
  if (progress != nullptr) memory.emplace(*this, progress->stream);
  Argument so_far = value;
  for (const tenon::Step& one : steps) {
    std::vector<Argument> inputs{so_far};
    if (one.word->operand) inputs.push_back(operands[one.operand]);
    std::vector<Scalar> scalars;
    if (one.word->parameters_are_inputs) {
      for (size_t i = 0; i < one.word->parameter_count; ++i)
        scalars.emplace_back(one.parameters[i], value.dtype);
      for (const Scalar& scalar : scalars)
        inputs.push_back(Argument::host(scalar.bytes, value.dtype));
    }
    // The output is written last: it may be one of the operands.
    Argument result = output;
    if (&one != &steps.back()) {
      result =
          Argument::device(nullptr, value.dtype, {output.dims, static_cast<size_t>(output.rank)});
      if (memory) result.data = memory->allocate_like(result);
    }
    if (!step(operation_of(one), inputs, result, progress)) return false;
    so_far = result;
  }
  return true;
}

}  // namespace tenon::runtime
