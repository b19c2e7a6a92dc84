// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/subgraphs.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "onnx/shape_inference/implementation.h"
#include "runtime/onnx/executor_parts.h"
#include "runtime/onnx/fold_if.h"
#include "runtime/onnx/normalize.h"
#include "runtime/onnx/operator_versions.h"
#include "runtime/onnx/rewrites.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// Constants of up to this many bytes are given to each body that reads them, so that what can be
// done with a constant is done there; larger ones are shared.
constexpr size_t kMostCopiedBytes = 1 << 16;

using Types = std::map<std::string, onnx::TypeProto>;
using Constants = std::map<std::string, onnx::TensorProto>;

bool has_bodies(const onnx::NodeProto& node) {
  return std::ranges::any_of(node.attribute(), [](const auto& attribute) {
    return attribute.has_g() || attribute.graphs_size() > 0;
  });
}

Types types_of(const onnx::ModelProto& model) {
  onnx::ModelProto inferred = model;
  try {
    onnx::shape_inference::InferShapes(inferred);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // What is not known then is asked for where somebody needs it.
  }
  Types types;
  const auto note = [&](const auto& infos) {
    for (const auto& info : infos)
      if (info.has_type()) types.emplace(info.name(), info.type());
  };
  note(inferred.graph().input());
  note(inferred.graph().value_info());
  note(inferred.graph().output());
  return types;
}

Constants small_constants(const onnx::GraphProto& graph) {
  Constants constants;
  for (const auto& constant : graph.initializer())
    if (constant.ByteSizeLong() <= kMostCopiedBytes) constants.emplace(constant.name(), constant);
  for (const auto& node : graph.node()) {
    if (node.op_type() != "Constant" || node.output_size() != 1 ||
        node.ByteSizeLong() > kMostCopiedBytes)
      continue;
    constants.emplace(node.output(0), constant_value(node));
  }
  return constants;
}

// The type of a tensor whose dims may change.
onnx::TypeProto without_shape(onnx::TypeProto type) {
  if (type.has_tensor_type()) type.mutable_tensor_type()->clear_shape();
  return type;
}

onnx::TypeProto scalar(int element_type) {
  onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(element_type);
  type.mutable_tensor_type()->mutable_shape();
  return type;
}

class Taker {
 public:
  Taker(onnx::ModelProto& model, std::vector<TakenBody>& bodies)
      : model_(model),
        bodies_(bodies),
        types_(types_of(model)),
        constants_(small_constants(model.graph())) {}

  void take() {
    for (auto& node : *model_.mutable_graph()->mutable_node())
      if (has_bodies(node)) take(node);
    declare_results();
    const auto& imports = model_.opset_import();
    if (std::ranges::any_of(imports, [](const auto& i) { return i.domain() == kCallDomain; }))
      return;
    onnx::OperatorSetIdProto* import = model_.add_opset_import();
    import->set_domain(kCallDomain);
    import->set_version(1);
  }

 private:
  void take(onnx::NodeProto& node) {
    const bool known =
        normal_domain(node.domain()).empty() &&
        (node.op_type() == "If" || node.op_type() == "Loop" || node.op_type() == "Scan");
    if (!known) {
      if (is_function(node, opset_of(model_, ""))) return;  // Inlined first.
      throw Error(TN_UNSUPPORTED, "",
                  "the model uses operators that Tenon does not have: " + node.op_type() +
                      ", which has a graph inside");
    }
    onnx::NodeProto call;
    call.set_op_type(node.op_type());
    call.set_domain(kCallDomain);
    call.set_name(!node.name().empty() || node.output_size() == 0 ? node.name() : node.output(0));
    *call.mutable_input() = node.input();
    *call.mutable_output() = node.output();
    results_.insert(node.output().begin(), node.output().end());
    for (const auto& attribute : node.attribute())
      if (!attribute.has_g() && attribute.graphs_size() == 0) *call.add_attribute() = attribute;
    add_number(call, "first_body", static_cast<int64_t>(bodies_.size()));
    add_number(call, "own_inputs", node.input_size());
    add_number(call, "opset", opset_of(model_, ""));
    const size_t first = bodies_.size();
    const std::vector<std::string> names =
        node.op_type() == "If" ? std::vector<std::string>{"then_branch", "else_branch"}
                               : std::vector<std::string>{"body"};
    for (const std::string& name : names) bodies_.push_back(take(node, name, call));
    add_number(call, "bodies", static_cast<int64_t>(bodies_.size() - first));
    node.Swap(&call);
  }

  static void add_number(onnx::NodeProto& node, const std::string& name, int64_t value) {
    onnx::AttributeProto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }

  TakenBody take(onnx::NodeProto& node, const std::string& name, onnx::NodeProto& call) {
    const auto found = std::ranges::find_if(*node.mutable_attribute(), [&](const auto& attribute) {
      return attribute.name() == name && attribute.has_g();
    });
    if (found == node.mutable_attribute()->end())
      throw Error(
          TN_INVALID_ARGUMENT, "",
          "node '" + call.name() + "' (" + node.op_type() + "): it has no graph '" + name + "'");
    TakenBody body;
    body.model.set_ir_version(model_.ir_version());
    *body.model.mutable_opset_import() = model_.opset_import();
    onnx::GraphProto& graph = *body.model.mutable_graph();
    graph.Swap(found->mutable_g());
    if (graph.name().empty()) graph.set_name(name);
    body.formal = graph.input_size();
    for (int i = 0; i < body.formal; ++i) settle_type(node, i, *graph.mutable_input(i));
    const auto reads = captured_by(graph);
    for (const std::string& read : std::set<std::string>(reads.begin(), reads.end())) {
      if (const auto constant = constants_.find(read); constant != constants_.end()) {
        *graph.add_initializer() = constant->second;
        graph.mutable_initializer()->rbegin()->set_name(read);
        continue;
      }
      onnx::ValueInfoProto* info = graph.add_input();
      info->set_name(read);
      if (const auto type = types_.find(read); type != types_.end())
        *info->mutable_type() = type->second;
      const auto at = std::find(call.input().begin() + node.input_size(), call.input().end(), read);
      body.captured.push_back(static_cast<int>(at - call.input().begin()));
      if (at == call.input().end()) call.add_input(read);
    }
    return body;
  }

  // What the body does not say about its inputs follows from what the node reads. Dims may change
  // from one iteration to the next.
  void settle_type(const onnx::NodeProto& node, int i, onnx::ValueInfoProto& input) const {
    const bool loop = node.op_type() == "Loop";
    if (loop && i == 0) *input.mutable_type() = scalar(onnx::TensorProto::INT64);
    if (loop && i == 1) *input.mutable_type() = scalar(onnx::TensorProto::BOOL);
    if (loop && i < 2) return;
    const int from = node.op_type() == "Scan" && opset_of(model_, "") < 9 ? i + 1 : i;
    const bool untyped = !input.has_type() || (input.type().has_tensor_type() &&
                                               input.type().tensor_type().elem_type() == 0);
    if (untyped && from < node.input_size())
      if (const auto type = types_.find(node.input(from)); type != types_.end())
        *input.mutable_type() = type->second;
    if (input.has_type()) *input.mutable_type() = without_shape(input.type());
  }

  // Nothing can be inferred of what a call computes, so its types stay with the graph.
  void declare_results() {
    onnx::GraphProto& graph = *model_.mutable_graph();
    for (const auto& info : graph.output()) results_.erase(info.name());
    for (const auto& info : graph.value_info()) results_.erase(info.name());
    for (const std::string& name : results_) {
      const auto type = types_.find(name);
      if (type == types_.end()) continue;
      onnx::ValueInfoProto* info = graph.add_value_info();
      info->set_name(name);
      *info->mutable_type() = type->second;
    }
  }

  onnx::ModelProto& model_;
  std::vector<TakenBody>& bodies_;
  const Types types_;
  const Constants constants_;
  std::set<std::string> results_;
};

int64_t number_of(const onnx::NodeProto& node, const std::string& name) {
  for (const auto& attribute : node.attribute())
    if (attribute.name() == name) return attribute.i();
  return 0;
}

}  // namespace

bool is_call(const onnx::NodeProto& node) { return node.domain() == kCallDomain; }

CallInfo call_info(const onnx::NodeProto& node) {
  return {
      static_cast<int>(number_of(node, "first_body")), static_cast<int>(number_of(node, "bodies")),
      static_cast<int>(number_of(node, "own_inputs")), static_cast<int>(number_of(node, "opset"))};
}

void take_bodies(onnx::ModelProto& model, std::vector<TakenBody>& bodies) {
  const auto any = [&] { return std::ranges::any_of(model.graph().node(), has_bodies); };
  if (!any()) return;
  fold_constant_ifs(*model.mutable_graph());
  if (any()) Taker(model, bodies).take();
}

}  // namespace tenon::runtime::onnx_import
