// SPDX-License-Identifier: Apache-2.0
//
// A model made ready for inputs of certain dims: kernels made, layouts chosen, weights packed,
// memory placed. A run is then a launch for each step.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/onnx/steps.h"

namespace tenon::runtime::onnx_import {

class Plan {
 public:
  // Work of the plan goes to `stream`, which outlives it.
  Plan(ManagedDevice& device, ManagedDevice& reference, Stream& stream, Recording recording,
       PackedConstants& constants);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  // A value of the caller, or (null) a dense one of the model's, on the device or on the host.
  struct Input {
    const HostTensor* host = nullptr;
    Tensor device;
  };

  // Queues a run: one value for each of the recording's inputs, of its type and dims. Those of the
  // host are borrowed until the stream has been waited for.
  void start(std::span<const Input> inputs);
  // Output `i` of the run: on the host, once the stream has been waited for; or where it is, until
  // the next run.
  HostTensor fetch(size_t i);
  Tensor output(size_t i) const;

  PlanStatistics statistics() const { return statistics_; }
  // How many nodes of each operator have fallen back in all runs so far.
  const std::map<std::string, uint64_t>& fallbacks() const { return fallbacks_; }

 private:
  // A step with its tensors in the ABI's form, or as the runtime's arguments.
  struct Ready {
    std::vector<tn_tensor> tensors;
    std::vector<const tn_tensor*> pointers;
    tn_launch launch{};
    std::vector<Argument> arguments;
  };

  std::byte* address_of(const StepArgument& operand) const;
  tn_tensor tensor_of(const StepArgument& operand) const;
  Argument argument_of(const StepArgument& operand) const;
  void get_ready();
  void run(size_t step);

  ManagedDevice& device_;
  ManagedDevice& reference_;
  Stream& stream_;
  Steps steps_;
  std::shared_ptr<Memory> memory_;
  uint64_t memory_bytes_ = 0;
  bool shown_ = false;  // To the reference device.
  std::vector<Ready> ready_;
  PlanStatistics statistics_;
  std::map<std::string, uint64_t> fallbacks_;
};

}  // namespace tenon::runtime::onnx_import
