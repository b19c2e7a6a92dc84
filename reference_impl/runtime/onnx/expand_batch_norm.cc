// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/expand_batch_norm.h"

#include <algorithm>
#include <string>

#include "runtime/onnx/attribute_default.h"
#include "runtime/onnx/operator_versions.h"

namespace tenon::runtime::onnx_import {
namespace {

constexpr int kTrainingMode = 14;  // The opset that brought the attribute.
constexpr int kAxesInput = 18;     // And the one that made ReduceMean's axes an input.

bool trains(const onnx::NodeProto& node) {
  if (node.op_type() != "BatchNormalization" || !normal_domain(node.domain()).empty()) return false;
  return std::any_of(node.attribute().begin(), node.attribute().end(),
                     [](const auto& a) { return a.name() == "training_mode" && a.i() != 0; });
}

class Expansion {
 public:
  Expansion(const onnx::NodeProto& node, int opset, onnx::GraphProto& graph)
      : node_(node), opset_(opset), graph_(graph), prefix_(node.output(0) + "/statistics/") {}

  // Statistics of the batch over all axes but 1, with the biased variance; the running ones move
  // towards them by 1 - momentum.
  void run() {
    const std::string rows = integers("rows", {0, 0, -1});
    const std::string lines = add("Reshape", {node_.input(0), rows}, "lines");
    const std::string mean = reduce_mean(lines, "mean");
    const std::string centred = add("Sub", {lines, mean}, "centred");
    const std::string squares = add("Mul", {centred, centred}, "squares");
    const std::string flat = integers("flat", {-1});
    const std::string means = add("Reshape", {mean, flat}, "means");
    const std::string variances =
        add("Reshape", {reduce_mean(squares, "variance"), flat}, "variances");
    normalize(means, variances);
    update(1, node_.input(3), means);
    update(2, node_.input(4), variances);
  }

 private:
  onnx::NodeProto& new_node(const std::string& op, const std::string& output) {
    onnx::NodeProto& made = *graph_.add_node();
    made.set_op_type(op);
    made.set_name(node_.name());
    made.add_output(output);
    return made;
  }

  std::string add(const std::string& op, std::initializer_list<std::string> inputs,
                  const std::string& name) {
    onnx::NodeProto& made = new_node(op, prefix_ + name);
    for (const std::string& input : inputs) made.add_input(input);
    return made.output(0);
  }

  onnx::TensorProto& constant(const std::string& name, int32_t type) {
    onnx::TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(prefix_ + name);
    tensor.set_data_type(type);
    return tensor;
  }

  std::string integers(const std::string& name, std::initializer_list<int64_t> values) {
    onnx::TensorProto& tensor = constant(name, onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<int64_t>(values.size()));
    for (const int64_t value : values) tensor.add_int64_data(value);
    return tensor.name();
  }

  std::string number(const std::string& name, float value) {
    onnx::TensorProto& tensor = constant(name, onnx::TensorProto::FLOAT);
    tensor.add_float_data(value);
    return tensor.name();
  }

  std::string reduce_mean(const std::string& input, const std::string& name) {
    onnx::NodeProto& made = new_node("ReduceMean", prefix_ + name);
    made.add_input(input);
    if (opset_ >= kAxesInput) {
      made.add_input(integers(name + "/axes", {0, 2}));
      return made.output(0);
    }
    onnx::AttributeProto& axes = *made.add_attribute();
    axes.set_name("axes");
    axes.set_type(onnx::AttributeProto::INTS);
    axes.add_ints(0);
    axes.add_ints(2);
    return made.output(0);
  }

  void normalize(const std::string& means, const std::string& variances) {
    onnx::NodeProto& made = new_node("BatchNormalization", node_.output(0));
    for (int i = 0; i < 3; ++i) made.add_input(node_.input(i));
    made.add_input(means);
    made.add_input(variances);
    for (const auto& attribute : node_.attribute())
      if (attribute.name() == "epsilon") *made.add_attribute() = attribute;
  }

  void update(int output, const std::string& running, const std::string& batch) {
    if (output >= node_.output_size() || node_.output(output).empty()) return;
    float momentum = default_real("BatchNormalization", "momentum");
    for (const auto& attribute : node_.attribute())
      if (attribute.name() == "momentum") momentum = attribute.f();
    const std::string name = "running" + std::to_string(output);
    const std::string kept = add("Mul", {running, number(name + "/kept", momentum)}, name + "/old");
    const std::string moved =
        add("Mul", {batch, number(name + "/moved", 1 - momentum)}, name + "/new");
    onnx::NodeProto& sum = new_node("Add", node_.output(output));
    sum.add_input(kept);
    sum.add_input(moved);
  }

  const onnx::NodeProto& node_;
  const int opset_;
  onnx::GraphProto& graph_;
  const std::string prefix_;
};

}  // namespace

void expand_training_batch_norm(onnx::ModelProto& model) {
  const int opset = opset_of(model, "");
  onnx::GraphProto& graph = *model.mutable_graph();
  if (opset < kTrainingMode || std::none_of(graph.node().begin(), graph.node().end(), trains))
    return;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  nodes.Swap(graph.mutable_node());
  for (auto& node : nodes) {
    if (trains(node))
      Expansion(node, opset, graph).run();
    else
      graph.add_node()->Swap(&node);
  }
}

}  // namespace tenon::runtime::onnx_import
