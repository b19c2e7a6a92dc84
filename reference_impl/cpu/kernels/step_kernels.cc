// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/step_kernels.h"

#include <array>
#include <cstring>

#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/description_part.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

CreateKernel find_elementwise(const StepWord& word) {
  for (const OperatorEntry& entry : elementwise_operators()) {
    if (std::string_view(word.name) == entry.name && std::string_view(word.domain) == entry.domain)
      return entry.create;
  }
  return nullptr;
}

// Runs `body`; what it throws says which step it is of.
template <class Body>
void naming(const std::string& step, Body&& body) {
  try {
    body();
  } catch (const KernelError& error) {
    throw KernelError(error.status, step + ": " + error.what());
  }
}

}  // namespace

StepKernels::StepKernels(const Description& d, std::span<const Step> steps, size_t first,
                         size_t first_operand) {
  for (size_t i = first; i < steps.size(); ++i) {
    Part& part = parts_.emplace_back();
    part.name = step_name(d.name(), steps, i);
    naming(part.name, [&] { make(d, steps[i], first_operand, part); });
  }
}

StepKernels::Scalar StepKernels::scalar_of(float value, tn_dtype dtype) {
  return visit_dtype<kFloatTypes>("a parameter", dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    const T stored = store<T>(value);
    Scalar scalar{};
    std::memcpy(scalar.bytes, &stored, sizeof(stored));
    return scalar;
  });
}

void StepKernels::make(const Description& d, const Step& step, size_t first_operand, Part& part) {
  const StepWord& word = *step.word;
  const CreateKernel create = find_elementwise(word);
  if (create == nullptr) throw KernelError(TN_UNSUPPORTED, "no kernel here computes it");
  tn_argument value = d.output(0), output = d.output(0);
  value.alias = 0;
  output.alias = 1;
  tn_argument number{};
  number.struct_size = sizeof(number);
  number.kind = TN_ARGUMENT_HOST;
  number.dtype = value.dtype;
  DescriptionPart description(word.domain, word.name, word.version);
  description.input(&value);
  if (word.operand) {
    part.operand = first_operand + step.operand;
    description.input(&d.input(part.operand));
  }
  for (size_t i = 0; i < word.parameter_count; ++i) {
    if (word.parameters_are_inputs) {
      part.scalars.push_back(scalar_of(step.parameters[i], value.dtype));
      description.input(&number);
    } else {
      description.attribute(word.parameters[i], &step.parameters[i]);
    }
  }
  if (word.attribute != nullptr) description.attribute(word.attribute, word.text);
  part.kernel = description.make(create, d, &output);
}

template <class Body>
void StepKernels::over(const Part& part, const Arguments& a, Body&& body) {
  std::array<View, 1 + std::size(Step{}.parameters)> inputs;
  size_t count = 0;
  inputs[count++] = a.outputs[0];
  if (part.operand != 0) inputs[count++] = a.inputs[part.operand];
  for (const Scalar& scalar : part.scalars) {
    View& view = inputs[count++];
    view.data = const_cast<std::byte*>(scalar.bytes);
    view.dtype = a.outputs[0].dtype;
  }
  Arguments given = a;
  given.inputs = {inputs.data(), count};
  given.as_described = false;
  body(given);
}

void StepKernels::check(const Arguments& a) const {
  for (const Part& part : parts_) {
    naming(part.name,
           [&] { over(part, a, [&](const Arguments& given) { part.kernel->check(given); }); });
  }
}

void StepKernels::run(const Arguments& a, const Execution& execution) const {
  for (const Part& part : parts_)
    over(part, a, [&](const Arguments& given) { part.kernel->run(given, execution); });
}

}  // namespace tenon::cpu
