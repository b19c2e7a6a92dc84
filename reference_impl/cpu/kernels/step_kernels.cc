// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/step_kernels.h"

#include <array>
#include <cstring>
#include <limits>

#include "reference_impl/cpu/kernels/elementwise.h"
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

}  // namespace

StepKernels::StepKernels(const Description& d, const FusedSteps& steps, size_t first) {
  for (size_t i = first; i < steps.size(); ++i) {
    try {
      parts_.push_back(part_of(d, steps[i], steps.operand_of(i)));
    } catch (const KernelError& error) {
      throw KernelError(error.status, steps.name_of(i) + ": " + error.what());
    }
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

StepKernels::Part StepKernels::part_of(const Description& d, const Step& step, size_t operand) {
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
  Part part;
  part.kind = step.kind();
  part.operand = operand;
  if (operand != 0) description.input(&d.input(operand));
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
  return part;
}

void StepKernels::run(const Arguments& a, const Execution& execution, size_t first) const {
  for (const Part& part : std::span(parts_).subspan(first)) {
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
    part.kernel->run(given, execution);
  }
}

namespace {

// Takes an addend where the store of a product has a place for one of its strides.
bool take_addend(gemm::Epilogue<float>& e, const gemm::Operand<float>& addend) {
  gemm::Operand<float>* place = nullptr;
  if (addend.column_stride == 0) {
    place = &e.of_row;
  } else if (addend.column_stride == 1) {
    place = addend.row_stride == 0 && e.of_column.data == nullptr ? &e.of_column : &e.of_element;
  }
  if (place == nullptr || place->data != nullptr) return false;
  *place = addend;
  return true;
}

}  // namespace

size_t StepKernels::add_to(gemm::Epilogue<float>& e, const Arguments& a,
                           const OutputForm& form) const {
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    gemm::Operand<float> operand;
    if (part.operand != 0) {
      const auto found = form.operand(a.inputs[part.operand]);
      if (!found) return i;
      operand = *found;
    }
    const bool first = e.steps == 0 && !e.clamps;
    if (first && part.kind == StepKind::kAdd && take_addend(e, operand)) continue;
    if (first && (part.kind == StepKind::kRelu || part.kind == StepKind::kClip)) {
      const bool clip = part.kind == StepKind::kClip;
      e.clamps = true;
      e.low = 0;
      e.high = std::numeric_limits<float>::infinity();
      if (clip) std::memcpy(&e.low, part.scalars[0].bytes, sizeof(e.low));
      if (clip) std::memcpy(&e.high, part.scalars[1].bytes, sizeof(e.high));
      continue;
    }
    const auto* kernel = dynamic_cast<const LoopKernel*>(part.kernel.get());
    if (kernel == nullptr || e.steps == gemm::Epilogue<float>::kMostSteps) return i;
    gemm::TileStep<float>& step = e.step[e.steps++];
    step.loop = kernel->loop();
    step.attributes = kernel->attributes();
    step.operand = operand;
    for (size_t s = 0; s < part.scalars.size(); ++s) step.scalars[s] = part.scalars[s].bytes;
  }
  return parts_.size();
}

}  // namespace tenon::cpu
