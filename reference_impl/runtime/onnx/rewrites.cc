// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/rewrites.h"

#include <optional>
#include <set>
#include <string>

#include "runtime/onnx/operator_versions.h"
#include "runtime/onnx/tensor_proto.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

bool in_default_domain(const onnx::NodeProto& node) {
  return node.domain().empty() || node.domain() == "ai.onnx";
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

// The value of a constant of one element that came before; nothing for anything else.
std::optional<double> number(const std::string& name, const onnx::GraphProto& graph) {
  for (const auto& constant : graph.initializer()) {
    if (constant.name() != name) continue;
    const HostTensor tensor = to_host_tensor(constant, "");
    if (tensor.count() != 1) return std::nullopt;
    return read_element(tensor.dtype, tensor.data.data())->to_double();
  }
  return std::nullopt;
}

// Dropout drops nothing unless its third input says that this is training, and its second how much.
void require_inference(const onnx::NodeProto& node, const onnx::GraphProto& graph) {
  if (node.input_size() < 3 || node.input(2).empty()) return;
  if (number(node.input(2), graph) == 0.0) return;
  if (!node.input(1).empty() && number(node.input(1), graph) == 0.0) return;
  throw Error(TN_UNSUPPORTED, "",
              "node '" + node.name() +
                  "' (Dropout): its training_mode may be true, and then values "
                  "are dropped at random; export the model for inference");
}

// What Dropout keeps when it drops nothing: everything.
void add_full_mask(const onnx::NodeProto& node, int opset, onnx::GraphProto& graph) {
  constexpr int kBooleanMask = 10;
  if (opset < kBooleanMask)
    throw Error(TN_UNSUPPORTED, "",
                "node '" + node.name() +
                    "' (Dropout): its mask before opset 10; export the model "
                    "with a newer opset");
  onnx::NodeProto* shape = graph.add_node();
  shape->set_op_type("Shape");
  shape->set_name(node.name());
  shape->add_input(node.input(0));
  shape->add_output(node.output(1) + "/dims");
  onnx::NodeProto* mask = graph.add_node();
  mask->set_op_type("ConstantOfShape");
  mask->set_name(node.name());
  mask->add_input(shape->output(0));
  mask->add_output(node.output(1));
  onnx::AttributeProto* value = mask->add_attribute();
  value->set_name("value");
  value->set_type(onnx::AttributeProto::TENSOR);
  value->mutable_t()->set_data_type(onnx::TensorProto::BOOL);
  value->mutable_t()->add_dims(1);
  value->mutable_t()->add_int32_data(1);
}

void expand_dropout(const onnx::NodeProto& node, int opset, const std::set<std::string>& reads,
                    onnx::GraphProto& graph) {
  require_inference(node, graph);
  onnx::NodeProto* identity = graph.add_node();
  identity->set_op_type("Identity");
  identity->set_name(node.name());
  identity->add_input(node.input(0));
  identity->add_output(node.output(0));
  if (node.output_size() > 1 && reads.contains(node.output(1))) add_full_mask(node, opset, graph);
}

std::set<std::string> names_read(const onnx::GraphProto& graph) {
  std::set<std::string> names;
  for (const auto& node : graph.node()) names.insert(node.input().begin(), node.input().end());
  for (const auto& output : graph.output()) names.insert(output.name());
  names.erase("");
  return names;
}

}  // namespace

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

bool is_rewritten(const onnx::NodeProto& node) {
  if (!in_default_domain(node)) return false;
  return node.op_type() == "Constant" || node.op_type() == "Sum" || node.op_type() == "Dropout";
}

void rewrite(onnx::ModelProto& model) {
  onnx::GraphProto& graph = *model.mutable_graph();
  const int opset = opset_of(model, "");
  const std::set<std::string> reads = names_read(graph);
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
      expand_dropout(node, opset, reads, graph);
    }
  }
}

}  // namespace tenon::runtime::onnx_import
