// SPDX-License-Identifier: Apache-2.0
//
// The parts of a plan: steps in order, on memory of which it is not yet known where it lies.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/onnx/recording.h"

namespace tenon::runtime::onnx_import {

// A piece of the plan's memory, in use from one step to another.
struct Slot {
  uint64_t bytes = 0;
  size_t first = 0;
  size_t last = 0;
  uint64_t offset = 0;  // Given by place_slots().
};

constexpr int32_t kNoSlot = -1;

struct StepArgument {
  Argument::Kind kind = Argument::Kind::kAbsent;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  std::vector<int64_t> dims;
  std::vector<int64_t> strides;  // With TN_LAYOUT_STRIDED.
  tn_layout layout = TN_LAYOUT_STRIDED;
  // Where: a slot, an address (constants), a packed constant, host values, or nothing (no
  // elements).
  int32_t slot = kNoSlot;
  uint64_t offset = 0;
  std::byte* address = nullptr;
  tn_constant* constant = nullptr;
  std::vector<std::byte> host;
};

struct Step {
  enum class Kind {
    kLaunch,   // `kernel`.
    kReorder,  // Input 0 to output 0.
    kCall      // ManagedDevice::run: what the device does by other means than a kernel of its own.
  };
  Kind kind;
  std::string label;
  std::string op;  // As in RecordedCall.
  Operation operation;
  std::vector<StepArgument> inputs;
  std::vector<StepArgument> outputs;
  Kernel kernel;
};

struct PlannedOutput {
  Tensor host;           // Present: this value.
  StepArgument operand;  // Otherwise: dense, in the plan's memory or a constant.
};

struct Steps {
  std::vector<Step> steps;
  std::vector<Slot> slots;
  std::vector<StepArgument> inputs;
  std::vector<PlannedOutput> outputs;
  std::vector<Tensor> kept;  // Constants that steps read.
};

// Weights in the forms that kernels want, shared by the plans of a model.
class PackedConstants {
 public:
  PackedConstants(tn_device* device, Stream& stream) : device_(device), stream_(stream) {}
  // `at` is the buffer of the value and where it lies in it. The constant lives as long as this.
  tn_constant* get(const Recording::Value& value, const Location& at, tn_layout layout);
  size_t size() const { return packed_.size(); }

 private:
  using Key = std::tuple<std::byte*, std::vector<int64_t>, std::vector<int64_t>, tn_layout>;
  tn_device* device_;
  Stream& stream_;
  std::map<Key, Constant> packed_;
};

// Chooses kernels and layouts for the calls of a recording, and brings values from one layout to
// another where two kernels disagree.
Steps make_steps(ManagedDevice& device, Recording& recording, PackedConstants& constants);

// Says where in one block each slot lies, so that those in use at the same time are disjoint.
// Returns the size of the block. Each starts at a multiple of `alignment` bytes, a power of two.
uint64_t place_slots(std::vector<Slot>& slots, uint64_t alignment);

// Of the slots of plans for a device: what kernels may ask of a whole value.
uint64_t slot_alignment(const ManagedDevice& device);

// Bytes, a power of two, of which the offset of an argument's memory will be a multiple.
uint64_t alignment_of(const ManagedDevice& device, const Recording& recording,
                      const RecordedArgument& argument);

}  // namespace tenon::runtime::onnx_import
