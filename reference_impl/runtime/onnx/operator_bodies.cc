// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/operator_bodies.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/onnx/operator_versions.h"

namespace tenon::runtime::onnx_import {
namespace {

constexpr char kMicrosoft[] = "com.microsoft";

const OperatorBody* body_of(const onnx::NodeProto& node) {
  const std::string domain = normal_domain(node.domain());
  for (const auto table : {tensor_bodies(), random_bodies(), signal_bodies(), microsoft_bodies(),
                           microsoft_attention_bodies(), ml_bodies()}) {
    const auto found = std::ranges::find_if(table, [&](const OperatorBody& body) {
      return domain == body.domain && node.op_type() == body.op;
    });
    if (found != table.end()) return &*found;
  }
  return nullptr;
}

// Calls body(graph) for the graph and those inside its nodes.
template <class Each>
void for_each_graph(onnx::GraphProto& graph, Each&& each) {
  each(graph);
  for (auto& node : *graph.mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) for_each_graph(*attribute.mutable_g(), each);
      for (auto& inner : *attribute.mutable_graphs()) for_each_graph(inner, each);
    }
  }
}

bool is_ready(const onnx::NodeProto& node, int opset) {
  const OperatorBody* body = body_of(node);
  return body != nullptr && opset >= body->opset;
}

void expand(onnx::GraphProto& graph, int opset, const KnownTypes& types) {
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  nodes.Swap(graph.mutable_node());
  for (auto& node : nodes) {
    if (!is_ready(node, opset)) {
      graph.add_node()->Swap(&node);
      continue;
    }
    BodyWriter writer(node, opset, types);
    body_of(node)->write(writer);
    for (auto& made : writer.nodes()) graph.add_node()->Swap(&made);
  }
}

}  // namespace

bool has_body(const onnx::NodeProto& node) { return body_of(node) != nullptr; }

bool needs_newer_opset_for_body(const onnx::NodeProto& node, int opset) {
  const OperatorBody* body = body_of(node);
  return body != nullptr && opset < body->opset;
}

void move_foreign_operators(onnx::ModelProto& model) {
  bool moved = false;
  for_each_graph(*model.mutable_graph(), [&](onnx::GraphProto& graph) {
    for (auto& node : *graph.mutable_node()) {
      if (!normal_domain(node.domain()).empty() || schema_of(node, registry_opset()) != nullptr)
        continue;
      onnx::NodeProto foreign = node;
      foreign.set_domain(kMicrosoft);
      if (!has_body(foreign)) continue;
      node.set_domain(kMicrosoft);
      moved = true;
    }
  });
  if (!moved || opset_of(model, kMicrosoft) != 0) return;
  auto* import = model.add_opset_import();
  import->set_domain(kMicrosoft);
  import->set_version(1);
}

bool expand_bodies(onnx::ModelProto& model) {
  const int opset = opset_of(model, "");
  bool found = false;
  for_each_graph(*model.mutable_graph(), [&](onnx::GraphProto& graph) {
    found |= std::any_of(graph.node().begin(), graph.node().end(),
                         [&](const auto& node) { return is_ready(node, opset); });
  });
  if (!found) return false;
  const KnownTypes types(model);
  for_each_graph(*model.mutable_graph(),
                 [&](onnx::GraphProto& graph) { expand(graph, opset, types); });
  return true;
}

}  // namespace tenon::runtime::onnx_import
