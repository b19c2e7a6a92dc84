// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/plan.h"

#include <algorithm>
#include <cstring>

#include "runtime/onnx/fuse.h"

namespace tenon::runtime::onnx_import {

Plan::Plan(ManagedDevice& device, ManagedDevice& reference, Stream& stream, Recording recording,
           PackedConstants& constants)
    : device_(device), reference_(reference), stream_(stream) {
  fuse(device, recording);
  steps_ = make_steps(device, recording, constants);
  get_ready();
}

Plan::~Plan() {
  if (!shown_) return;
  try {
    reference_.forget_host(memory_->address());
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
    // No caller can take an error here; the reference device has lost the range already.
  }
}

std::byte* Plan::address_of(const StepArgument& operand) const {
  if (operand.address != nullptr) return operand.address;
  if (operand.slot == kNoSlot) return nullptr;
  return memory_->address() + steps_.slots[static_cast<size_t>(operand.slot)].offset +
         operand.offset;
}

tn_tensor Plan::tensor_of(const StepArgument& operand) const {
  tn_tensor tensor{};
  tensor.dims = operand.dims.data();
  tensor.layout = operand.layout;
  tensor.dtype = operand.dtype;
  tensor.rank = static_cast<int32_t>(operand.dims.size());
  if (operand.kind == Argument::Kind::kHost) {
    tensor.host_data = operand.host.data();
    return tensor;
  }
  if (operand.layout == TN_LAYOUT_STRIDED && !operand.strides.empty())
    tensor.strides = operand.strides.data();
  if (const std::byte* address = address_of(operand)) {
    const Location location = device_.resolve(address);
    tensor.buffer = location.buffer;
    tensor.offset = location.offset;
  }
  return tensor;
}

Argument Plan::argument_of(const StepArgument& operand) const {
  if (operand.kind == Argument::Kind::kAbsent) return {};
  if (operand.kind == Argument::Kind::kHost)
    return Argument::host(operand.host.data(), operand.dtype, operand.dims);
  return Argument::device(address_of(operand), operand.dtype, operand.dims, operand.strides.data());
}

void Plan::get_ready() {
  // Workspaces follow each other in the stream's order: one place serves all.
  std::vector<Step>& steps = steps_.steps;
  uint64_t workspace = 0;
  const auto bind = [&](const Step& step, Ready& ready) {
    ready.tensors.clear();
    ready.pointers.clear();
    for (const auto* side : {&step.inputs, &step.outputs})
      for (const StepArgument& operand : *side) ready.tensors.push_back(tensor_of(operand));
    size_t i = 0;
    for (const auto* side : {&step.inputs, &step.outputs})
      for (const StepArgument& operand : *side) {
        const bool given = operand.kind != Argument::Kind::kAbsent && operand.constant == nullptr;
        ready.pointers.push_back(given ? &ready.tensors[i] : nullptr);
        ++i;
      }
    tn_launch& launch = ready.launch;
    launch.struct_size = sizeof(launch);
    launch.inputs = ready.pointers.data();
    launch.input_count = step.inputs.size();
    launch.outputs = ready.pointers.data() + step.inputs.size();
    launch.output_count = step.outputs.size();
  };

  memory_bytes_ = place_slots(steps_.slots, slot_alignment(device_));
  const uint64_t values_bytes = memory_bytes_;
  memory_ = std::make_shared<Memory>(device_, memory_bytes_, stream_);
  ready_.resize(steps.size());
  std::vector<uint64_t> needs(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    bind(steps[i], ready_[i]);
    if (steps[i].kind != Step::Kind::kLaunch) continue;
    needs[i] = steps[i].kernel.workspace_size(ready_[i].launch);
    workspace = std::max(workspace, needs[i]);
  }
  if (workspace != 0) {
    memory_bytes_ += workspace;
    memory_ = std::make_shared<Memory>(device_, memory_bytes_, stream_);
    for (size_t i = 0; i < steps.size(); ++i) {
      bind(steps[i], ready_[i]);
      if (needs[i] == 0) continue;
      const Location location = device_.resolve(memory_->address() + values_bytes);
      ready_[i].launch.workspace = location.buffer;
      ready_[i].launch.workspace_offset = location.offset;
    }
  }

  for (size_t i = 0; i < steps.size(); ++i) {
    switch (steps[i].kind) {
      case Step::Kind::kLaunch:
        ++statistics_.launches;
        break;
      case Step::Kind::kReorder:
        ++statistics_.reorders;
        break;
      case Step::Kind::kCall:
        ++statistics_.calls;
        for (const auto* side : {&steps[i].inputs, &steps[i].outputs})
          for (const StepArgument& operand : *side)
            ready_[i].arguments.push_back(argument_of(operand));
    }
  }
  statistics_.memory_bytes = memory_bytes_;

  // The reference device sees the plan's memory for as long as it lives, not anew for each operator
  // that falls back.
  if (statistics_.calls != 0 && device_.coherent() && &reference_ != &device_ &&
      memory_bytes_ != 0) {
    try {
      reference_.adopt_host(memory_->address(), memory_bytes_);
      shown_ = true;
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): this only saves time.
      // Then each fallback finds its own way.
    }
  }
}

void Plan::run(size_t i) {
  Step& step = steps_.steps[i];
  Ready& ready = ready_[i];
  switch (step.kind) {
    case Step::Kind::kLaunch:
      return device_.launch(step.operation, step.kernel.get(), ready.launch, stream_);
    case Step::Kind::kReorder:
      return device_.reorder(ready.tensors[1], ready.tensors[0], stream_);
    case Step::Kind::kCall: {
      const std::span<const Argument> all(ready.arguments);
      const Ran ran = device_.run(step.operation, all.first(step.inputs.size()),
                                  all.subspan(step.inputs.size()), stream_);
      if (ran == Ran::kFallback && !step.op.empty()) ++fallbacks_[step.op];
      return;
    }
  }
}

void Plan::start(std::span<const Input> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::byte* to = address_of(steps_.inputs[i]);
    if (to == nullptr) continue;
    const auto& [host, device] = inputs[i];
    if (host != nullptr)
      device_.copy_to_device(to, host->data.data(), host->data.size(), stream_);
    else if (device.host)
      device_.copy_to_device(to, device.address, device.bytes(), stream_);
    else
      device_.copy(to, device.address, device.bytes(), stream_);
  }
  for (size_t i = 0; i < steps_.steps.size(); ++i) {
    try {
      run(i);
    } catch (const Error& e) {
      throw Error(e.status(), e.rule(), steps_.steps[i].label + ": " + e.message());
    }
  }
}

HostTensor Plan::fetch(size_t i) {
  const auto& [host, from] = steps_.outputs[i];
  HostTensor output;
  if (host.present()) {
    output.dtype = host.dtype;
    output.dims = host.dims;
    output.data.assign(host.address, host.address + host.bytes());
    return output;
  }
  output.dtype = from.dtype;
  output.dims = from.dims;
  output.data.resize((static_cast<size_t>(output.count()) * tn_dtype_bits(from.dtype) + 7) / 8);
  if (!output.data.empty())
    device_.copy_to_host(output.data.data(), address_of(from), output.data.size(), stream_);
  return output;
}

Tensor Plan::output(size_t i) const {
  const auto& [host, from] = steps_.outputs[i];
  if (host.present()) return host;
  Tensor output;
  output.dtype = from.dtype;
  output.dims = from.dims;
  output.strides = dense_strides(from.dims);
  output.memory = memory_;
  output.address = address_of(from);
  output.borrowed = true;
  return output;
}

}  // namespace tenon::runtime::onnx_import
