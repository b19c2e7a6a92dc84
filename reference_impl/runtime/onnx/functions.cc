// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/functions.h"

#include <algorithm>
#include <set>
#include <string>

#include "onnx/inliner/inliner.h"
#include "onnx/shape_inference/implementation.h"
#include "onnx/version_converter/convert.h"
#include "runtime/onnx/operator_versions.h"
#include "runtime/onnx/rewrites.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// Of no use in the model's opset, but in the registry's: a newer version that the registry has, or
// that ONNX defines by others.
bool needs_newer_version(const onnx::NodeProto& node, int opset) {
  if (is_rewritten(node) || operator_of(node, opset) != nullptr || is_function(node, opset))
    return false;
  return find_onnx_operator(node) != nullptr || is_function(node, registry_opset());
}

// Attributes that a call leaves out get their defaults: the inliner knows only those that are
// there.
void spell_out_defaults(onnx::NodeProto& node, const onnx::OpSchema& schema) {
  for (const auto& [name, attribute] : schema.attributes()) {
    if (attribute.default_value.type() == onnx::AttributeProto::UNDEFINED) continue;
    const bool given = std::any_of(node.attribute().begin(), node.attribute().end(),
                                   [&](const auto& a) { return a.name() == name; });
    if (given) continue;
    *node.add_attribute() = attribute.default_value;
    node.mutable_attribute()->rbegin()->set_name(name);
  }
}

}  // namespace

void lift(onnx::ModelProto& model) {
  const int opset = opset_of(model, "");
  const auto& nodes = model.graph().node();
  if (std::none_of(nodes.begin(), nodes.end(),
                   [&](const auto& node) { return needs_newer_version(node, opset); }))
    return;
  try {
    model = onnx::version_conversion::ConvertVersion(model, registry_opset());
  } catch (const std::exception& e) {
    throw Error(TN_UNSUPPORTED, "",
                "the model's opset " + std::to_string(opset) +
                    " has operators that Tenon knows in newer versions only, and ONNX cannot "
                    "convert it: " +
                    e.what());
  }
}

void inline_functions(onnx::ModelProto& model) {
  // A body may itself call such a function, so until nothing is left; bodies do not recurse.
  for (int round = 0; round < 8; ++round) {
    const int opset = opset_of(model, "");
    std::set<onnx::inliner::FunctionId> functions;
    for (auto& node : *model.mutable_graph()->mutable_node()) {
      if (operator_of(node, opset) != nullptr || is_rewritten(node) || !is_function(node, opset))
        continue;
      spell_out_defaults(node, *schema_of(node, opset));
      functions.emplace(node.domain(), node.op_type());
    }
    if (functions.empty()) return;
    auto set = onnx::inliner::FunctionIdSet::Create(
        onnx::inliner::FunctionIdVector(functions.begin(), functions.end()));
    try {
      // Bodies may depend on the types of their arguments.
      onnx::shape_inference::InferShapes(model);
      onnx::inliner::InlineSelectedFunctions(model, *set, nullptr);
    } catch (const std::exception& e) {
      throw Error(TN_UNSUPPORTED, "",
                  "ONNX cannot inline the function '" + functions.begin()->second +
                      "', which Tenon does not have as an operator: " + e.what());
    }
  }
}

}  // namespace tenon::runtime::onnx_import
