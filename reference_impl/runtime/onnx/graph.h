// SPDX-License-Identifier: Apache-2.0
//
// A model as the executor wants it: operators of spec/ops, values by number, no protobuf.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/model.h"
#include "runtime/onnx/model_bytes.h"
#include "runtime/onnx/shape_inference.h"
#include "runtime/operation.h"

namespace tenon::runtime::onnx_import {

// Number of a value in Graph::values; kNoValue for an optional input or output that is not there.
using ValueIndex = int32_t;
constexpr ValueIndex kNoValue = -1;

struct Value {
  std::string name;
  std::optional<HostTensor> constant;  // Initializers and Constant nodes.
};

struct Graph;

// A graph inside a node (a branch of If, the body of Loop or Scan). Its inputs are those that the
// operator gives it, and behind them what it reads of the values outside.
struct Body {
  std::shared_ptr<Graph> graph;
  size_t formal = 0;             // Inputs that the operator gives.
  std::vector<size_t> captured;  // The others: places in Node::inputs.
};

struct Node {
  std::string name;     // For messages: the model's own name, or its outputs'.
  std::string op_type;  // In full: "com.microsoft.QGemm".
  std::vector<ValueIndex> inputs;
  std::vector<ValueIndex> outputs;
  std::vector<Attribute> attributes;          // As the registry's operator has them.
  std::optional<HostTensor> tensor;           // ConstantOfShape's value.
  bool view = false;                          // Done with dims and strides: see views.h.
  bool sequence = false;                      // Of sequences or optionals: done by the host.
  bool text = false;                          // Of strings, by the host: see strings.h.
  bool random = false;                        // Random numbers, of the dims that inference says.
  bool elementwise = false;                   // Scalars may be host values.
  std::unique_ptr<Operation> operation;       // Unless `view`, or pads depend on dims.
  bool auto_pad = false;                      // pads are computed when the dims are known.
  std::vector<bool> host_inputs;              // True where the operator takes host values alone.
  std::unique_ptr<ShapeInference> inference;  // Unless there are bodies: they are run.
  std::vector<Body> bodies;
  size_t own_inputs = 0;  // With bodies: inputs of the operator; what they capture follows.
  int opset = 0;          // With bodies: the model's.
};

struct Graph {
  std::vector<Value> values;
  std::vector<Node> nodes;  // In an order in which they can run.
  std::vector<ValueIndex> inputs;
  std::vector<ValueIndex> outputs;
  std::vector<ModelValue> input_info;
  std::vector<std::string> defaults;  // Initializers that a run may replace: inputs by name.
  std::vector<ModelValue> output_info;
};

// Reads and checks a model, inlines functions that the registry does not have as operators, brings
// it to operator versions that the registry has. Throws Error.
// Of the initializers that are inputs as well, those named in `given` are inputs alone.
Graph import_model(const ModelBytes& bytes, const std::string& base_folder,
                   const std::set<std::string>& given = {});

}  // namespace tenon::runtime::onnx_import
