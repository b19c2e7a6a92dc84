// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/fold_if.h"

#include <map>
#include <optional>
#include <string>

#include "runtime/onnx/operator_versions.h"
#include "runtime/onnx/rewrites.h"
#include "runtime/onnx/tensor_proto.h"

namespace tenon::runtime::onnx_import {
namespace {

using Conditions = std::map<std::string, bool>;
using NewNames = std::map<std::string, std::string>;

void note(const onnx::TensorProto& tensor, Conditions& known) {
  if (tensor.data_type() != onnx::TensorProto::BOOL ||
      tensor.data_location() == onnx::TensorProto::EXTERNAL)
    return;
  const HostTensor value = to_host_tensor(tensor, "");
  if (value.count() == 1) known[tensor.name()] = value.data[0] != std::byte{0};
}

void replace(std::string& name, const NewNames& names) {
  if (const auto found = names.find(name); found != names.end()) name = found->second;
}

void rename_inside(onnx::GraphProto& graph, const NewNames& names);

void rename(onnx::NodeProto& node, const NewNames& names) {
  for (auto& input : *node.mutable_input()) replace(input, names);
  for (auto& output : *node.mutable_output()) replace(output, names);
  for (auto& attribute : *node.mutable_attribute()) {
    if (attribute.has_g()) rename_inside(*attribute.mutable_g(), names);
    for (auto& graph : *attribute.mutable_graphs()) rename_inside(graph, names);
  }
}

// Names that the graph gives itself hide those outside.
void rename_inside(onnx::GraphProto& graph, const NewNames& outside) {
  NewNames names = outside;
  for (const auto& input : graph.input()) names.erase(input.name());
  for (const auto& constant : graph.initializer()) names.erase(constant.name());
  for (const auto& node : graph.node())
    for (const auto& output : node.output()) names.erase(output);
  for (auto& node : *graph.mutable_node()) rename(node, names);
  for (auto& output : *graph.mutable_output()) replace(*output.mutable_name(), names);
}

const onnx::GraphProto* branch_of(const onnx::NodeProto& node, bool condition) {
  for (const auto& attribute : node.attribute())
    if (attribute.name() == (condition ? "then_branch" : "else_branch") && attribute.has_g())
      return &attribute.g();
  return nullptr;
}

class IfFolder {
 public:
  explicit IfFolder(onnx::GraphProto& graph) : graph_(graph) {
    for (const auto& constant : graph.initializer()) note(constant, known_);
  }

  void fold() {
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    nodes.Swap(graph_.mutable_node());
    for (auto& node : nodes) add(node);
  }

 private:
  void add(onnx::NodeProto& node) {
    if (node.op_type() == "Constant" && node.output_size() == 1) {
      for (const auto& attribute : node.attribute())
        if (attribute.name() == "value") note(constant_value(node), known_);
    }
    const bool is_if = node.op_type() == "If" && normal_domain(node.domain()).empty();
    const auto condition =
        is_if && node.input_size() == 1 ? known_.find(node.input(0)) : known_.end();
    const onnx::GraphProto* branch =
        condition == known_.end() ? nullptr : branch_of(node, condition->second);
    if (branch == nullptr || branch->output_size() < node.output_size()) {
      graph_.add_node()->Swap(&node);
      return;
    }
    splice(*branch, node);
  }

  void splice(const onnx::GraphProto& branch, const onnx::NodeProto& node) {
    const std::string prefix = node.output(0) + "/";
    NewNames names;
    for (const auto& constant : branch.initializer())
      names[constant.name()] = prefix + constant.name();
    for (const auto& inner : branch.node())
      for (const auto& output : inner.output())
        if (!output.empty()) names[output] = prefix + output;
    for (const auto& constant : branch.initializer()) {
      onnx::TensorProto* added = graph_.add_initializer();
      *added = constant;
      replace(*added->mutable_name(), names);
      note(*added, known_);
    }
    for (onnx::NodeProto inner : branch.node()) {
      rename(inner, names);
      add(inner);
    }
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      onnx::NodeProto* identity = graph_.add_node();
      identity->set_op_type("Identity");
      identity->set_name(node.name());
      identity->add_input(branch.output(i).name());
      replace(*identity->mutable_input(0), names);
      identity->add_output(node.output(i));
    }
  }

  onnx::GraphProto& graph_;
  Conditions known_;
};

}  // namespace

void fold_constant_ifs(onnx::GraphProto& graph) { IfFolder(graph).fold(); }

}  // namespace tenon::runtime::onnx_import
