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
  Plan(Device& device, Device& reference, Stream& stream, Trace trace, PackedConstants& constants);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  // One value for each of the trace's inputs, of its type and dims. Waits for the result.
  std::vector<HostTensor> run(std::span<const HostTensor* const> inputs);

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

  std::byte* address_of(const Operand& operand) const;
  tn_tensor tensor_of(const Operand& operand) const;
  Argument argument_of(const Operand& operand) const;
  void get_ready();
  void run(size_t step);

  Device& device_;
  Device& reference_;
  Stream& stream_;
  Steps steps_;
  std::unique_ptr<Memory> memory_;
  uint64_t memory_bytes_ = 0;
  bool shown_ = false;  // To the reference device.
  std::vector<Ready> ready_;
  PlanStatistics statistics_;
  std::map<std::string, uint64_t> fallbacks_;
};

}  // namespace tenon::runtime::onnx_import
