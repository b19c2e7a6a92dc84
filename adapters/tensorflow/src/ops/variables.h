// SPDX-License-Identifier: Apache-2.0
//
// Access to resource variables.
//
// A variable's tensor may be shared with readers, so an update writes into new memory unless no one
// else holds it (copy on write). TensorFlow's other scheme, copying on each read after a sparse
// update, is never switched on: its copy runs on the CPU.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "ops/call.h"

namespace tenon::tensorflow {

// One variable during an access. `current` and `fresh` are the same memory when no one else reads
// the variable, and always when it is only read.
struct Variable {
  View current;  // Its type is undefined where Tenon has none (complex numbers, text).
  View fresh;
  TF_DataType type;

  // 0 for types that are no plain bytes.
  size_t bytes() const {
    return static_cast<size_t>(current.dims.product()) * TF_DataTypeSize(type);
  }
};

using VariablesBody = std::function<void(std::span<const Variable>)>;

// Calls `body` with the variables behind the inputs, whose values stay alive until it returns.
void read_variables(NodeCall& call, std::span<const int32_t> inputs, const VariablesBody& body);

// Calls `body` with the variables locked; it queues work that computes each `fresh` from what is
// `current`. They stay as they were when it throws. An input may be named twice.
void update_variables(NodeCall& call, std::span<const int32_t> inputs, const VariablesBody& body);

// The same for one.
void read_variable(NodeCall& call, int input, const std::function<void(const View& value)>& body);
void update_variable(NodeCall& call, int input,
                     const std::function<void(const View& current, const View& fresh)>& body);

// Why neither way to a variable exists under this TensorFlow; empty when one does.
std::string why_no_variables();

}  // namespace tenon::tensorflow
