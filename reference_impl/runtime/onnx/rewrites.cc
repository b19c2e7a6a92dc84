// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/rewrites.h"

#include <string>

#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

bool in_default_domain(const onnx::NodeProto& node) {
  return node.domain().empty() || node.domain() == "ai.onnx";
}

onnx::TensorProto constant_value(const onnx::NodeProto& node) {
  onnx::TensorProto tensor;
  for (const auto& a : node.attribute()) {
    if (a.name() == "value") {
      tensor = a.t();
    } else if (a.name() == "value_int") {
      tensor.set_data_type(onnx::TensorProto::INT64);
      tensor.add_int64_data(a.i());
    } else if (a.name() == "value_float") {
      tensor.set_data_type(onnx::TensorProto::FLOAT);
      tensor.add_float_data(a.f());
    } else if (a.name() == "value_ints") {
      tensor.set_data_type(onnx::TensorProto::INT64);
      tensor.add_dims(a.ints_size());
      *tensor.mutable_int64_data() = a.ints();
    } else if (a.name() == "value_floats") {
      tensor.set_data_type(onnx::TensorProto::FLOAT);
      tensor.add_dims(a.floats_size());
      *tensor.mutable_float_data() = a.floats();
    } else {
      throw Error(TN_UNSUPPORTED, "",
                  "node '" + node.name() + "' (Constant): attribute '" + a.name() +
                      "' has no place on a device");
    }
  }
  tensor.set_name(node.output(0));
  return tensor;
}

// Sum(a, b, c) -> Add(Add(a, b), c)
void expand_sum(const onnx::NodeProto& node, onnx::GraphProto& graph) {
  std::string so_far = node.input(0);
  for (int i = 1; i < node.input_size(); ++i) {
    const bool last = i + 1 == node.input_size();
    onnx::NodeProto* add = graph.add_node();
    add->set_op_type("Add");
    add->set_name(node.name());
    add->add_input(so_far);
    add->add_input(node.input(i));
    so_far = last ? node.output(0) : node.output(0) + "/sum" + std::to_string(i);
    add->add_output(so_far);
  }
  if (node.input_size() > 1) return;
  onnx::NodeProto* identity = graph.add_node();
  identity->set_op_type("Identity");
  identity->add_input(node.input(0));
  identity->add_output(node.output(0));
}

bool training_dropout(const onnx::NodeProto& node) {
  return node.input_size() > 2 && !node.input(2).empty();
}

}  // namespace

bool is_rewritten(const onnx::NodeProto& node) {
  if (!in_default_domain(node)) return false;
  return node.op_type() == "Constant" || node.op_type() == "Sum" ||
         (node.op_type() == "Dropout" && !training_dropout(node));
}

void rewrite(onnx::ModelProto& model) {
  onnx::GraphProto& graph = *model.mutable_graph();
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  nodes.Swap(graph.mutable_node());
  for (auto& node : nodes) {
    if (!is_rewritten(node)) {
      graph.add_node()->Swap(&node);
    } else if (node.op_type() == "Constant") {
      *graph.add_initializer() = constant_value(node);
    } else if (node.op_type() == "Sum") {
      expand_sum(node, graph);
    } else {
      onnx::NodeProto* identity = graph.add_node();
      identity->set_op_type("Identity");
      identity->set_name(node.name());
      identity->add_input(node.input(0));
      identity->add_output(node.output(0));
      if (node.output_size() > 1 && !node.output(1).empty())
        throw Error(TN_UNSUPPORTED, "",
                    "node '" + node.name() + "' (Dropout): its mask in inference");
    }
  }
}

}  // namespace tenon::runtime::onnx_import
