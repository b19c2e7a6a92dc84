// SPDX-License-Identifier: Apache-2.0
//
// What a model asks of its device when its inputs have certain dims: calls of operators on values,
// with views resolved and everything that follows from dims computed. The executor writes a
// recording by running the model on tensors without memory; a plan is made from it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/onnx/tensor.h"
#include "runtime/operation.h"

namespace tenon::runtime::onnx_import {

// Number of a value in Recording::values(); kNotRecorded for arguments without device memory.
using RecordedValue = int32_t;
constexpr RecordedValue kNotRecorded = -1;

struct RecordedArgument {
  Argument::Kind kind = Argument::Kind::kAbsent;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  std::vector<int64_t> dims;
  std::vector<int64_t> strides;  // In elements; of device tensors.
  RecordedValue value = kNotRecorded;
  uint64_t offset = 0;          // Bytes into the value.
  std::vector<std::byte> host;  // The values of a host argument.

  int64_t count() const;
  bool dense() const;
};

struct RecordedCall {
  std::string label;  // "node 'x' (Add)", for messages.
  std::string op;     // "Add", where this is a node's own work and not a copy on its way.
  Operation operation;
  std::vector<RecordedArgument> inputs;
  std::vector<RecordedArgument> outputs;
};

class Recording {
 public:
  struct Value {
    tn_dtype dtype;
    std::vector<int64_t> dims;
    uint64_t bytes;
    std::byte* address;  // Of constants: where they lie. Of others: what stands for it here.
    Tensor constant;     // Keeps a constant's memory.
    bool is_constant() const { return constant.present(); }
  };

  // A dense tensor without memory: its address serves for arithmetic alone.
  Tensor allocate(tn_dtype dtype, std::vector<int64_t> dims);
  // Whether a tensor is one of those.
  static bool is_recorded(const Tensor& tensor);

  // `tensors` are behind the arguments of kind kDevice, at the same positions.
  void record(std::string label, std::string op, const Operation& operation,
              std::span<const Argument> inputs, std::span<const Tensor> input_tensors,
              std::span<const Argument> outputs, std::span<const Tensor> output_tensors);

  void add_input(const Tensor& tensor) { inputs_.push_back(locate(tensor)); }
  // A device tensor that is dense, or a host tensor whose value is the same in every run.
  void add_output(Tensor tensor);

  struct Output {
    Tensor host;                // Present: this value.
    RecordedArgument argument;  // Otherwise.
  };

  const std::vector<Value>& values() const { return values_; }
  std::vector<RecordedCall>& calls() { return calls_; }
  const std::vector<RecordedArgument>& inputs() const { return inputs_; }
  const std::vector<Output>& outputs() const { return outputs_; }
  // Whether the argument shows its value as a whole, dense and in the value's own dims.
  bool is_whole(const RecordedArgument& argument) const;

 private:
  RecordedArgument locate(const Tensor& tensor);
  RecordedArgument convert(const Argument& argument, const Tensor& tensor);

  std::vector<Value> values_;
  std::vector<RecordedCall> calls_;
  std::vector<RecordedArgument> inputs_;
  std::vector<Output> outputs_;
  std::map<std::byte*, RecordedValue> recorded_;  // By address.
  std::map<std::tuple<std::byte*, std::vector<int64_t>, std::vector<int64_t>>, RecordedValue>
      constants_;
  std::byte* next_ = nullptr;
};

}  // namespace tenon::runtime::onnx_import
