// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/functions.h"

#include <algorithm>
#include <set>
#include <string>

#include "onnx/inliner/inliner.h"
#include "onnx/shape_inference/implementation.h"
#include "onnx/version_converter/convert.h"
#include "runtime/onnx/body_writer.h"
#include "runtime/onnx/normalize.h"
#include "runtime/onnx/onnx_error.h"
#include "runtime/onnx/operator_bodies.h"
#include "runtime/onnx/operator_versions.h"
#include "runtime/onnx/rewrites.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// Of no use in the model's opset, but in the registry's: a newer version that the registry has, or
// that ONNX defines by others.
bool needs_newer_version(const onnx::NodeProto& node, int opset) {
  if (needs_newer_opset_for_body(node, opset)) return true;
  if (has_body(node) || is_rewritten(node) || is_cast_like(node) ||
      operator_of(node, opset) != nullptr || is_function(node, opset))
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

using FunctionNames = std::set<onnx::inliner::FunctionId>;

void inline_named(onnx::ModelProto& model, const FunctionNames& names) {
  auto set = onnx::inliner::FunctionIdSet::Create(
      onnx::inliner::FunctionIdVector(names.begin(), names.end()));
  // The inliner asks for the type of every input, also of those that are left out.
  onnx::ValueInfoProto* absent = model.mutable_graph()->add_value_info();
  absent->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  try {
    // Bodies may depend on the types of their arguments.
    onnx::shape_inference::InferShapes(model);
    onnx::inliner::InlineSelectedFunctions(model, *set, nullptr);
  } catch (const std::exception& e) {
    throw Error(TN_UNSUPPORTED, "",
                "ONNX cannot inline the function '" + names.begin()->second +
                    "', which Tenon does not have as an operator: " + message_of(e));
  }
  auto& infos = *model.mutable_graph()->mutable_value_info();
  infos.erase(std::remove_if(infos.begin(), infos.end(),
                             [](const auto& info) { return info.name().empty(); }),
              infos.end());
}

// ONNX's conversion takes a slope for each channel as one for each element of the last dim: before
// opset 7 it gets the dims behind the channel's, each of 1.
void spread_slopes(onnx::ModelProto& model, int opset) {
  constexpr int kBroadcasts = 7;
  onnx::GraphProto& graph = *model.mutable_graph();
  const auto is_prelu = [](const onnx::NodeProto& node) {
    return node.op_type() == "PRelu" && normal_domain(node.domain()).empty() &&
           node.input_size() == 2;
  };
  if (opset >= kBroadcasts || std::ranges::none_of(graph.node(), is_prelu)) return;
  const KnownTypes types(model);
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  nodes.Swap(graph.mutable_node());
  for (auto& node : nodes) {
    const auto slope = is_prelu(node) ? types.dims(node.input(1)) : std::nullopt;
    const bool one = slope && (slope->empty() || (slope->size() == 1 && (*slope)[0] == 1));
    if (is_prelu(node) && !one) {
      const auto x = types.dims(node.input(0));
      if (!x || !slope || slope->size() != 1)
        throw Error(TN_UNSUPPORTED, "",
                    "node '" + node.name() +
                        "' (PRelu): a slope for each channel, before opset 7, and the dims are "
                        "not known; export the model with a newer opset");
      if (x->size() > 2) {
        onnx::NodeProto& spread = *graph.add_node();
        spread.set_op_type("Unsqueeze");
        spread.add_input(node.input(1));
        spread.add_output(node.output(0) + "/slopes");
        onnx::AttributeProto& axes = *spread.add_attribute();
        axes.set_name("axes");
        axes.set_type(onnx::AttributeProto::INTS);
        for (size_t axis = 1; axis + 1 < x->size(); ++axis)
          axes.add_ints(static_cast<int64_t>(axis));
        node.set_input(1, spread.output(0));
      }
    }
    graph.add_node()->Swap(&node);
  }
}

// Whether there was something to do.
bool lift(onnx::ModelProto& model) {
  const int opset = opset_of(model, "");
  const auto& nodes = model.graph().node();
  if (opset == registry_opset() || std::none_of(nodes.begin(), nodes.end(), [&](const auto& node) {
        return needs_newer_version(node, opset);
      }))
    return false;
  if (opset == 0) {  // Operators of other domains alone, which are written in ONNX's newest.
    model.add_opset_import()->set_version(registry_opset());
    return true;
  }
  spread_slopes(model, opset);
  try {
    model = onnx::version_conversion::ConvertVersion(model, registry_opset());
  } catch (const std::exception& e) {
    throw Error(TN_UNSUPPORTED, "",
                "the model's opset " + std::to_string(opset) +
                    " has operators that Tenon knows in newer versions only, and ONNX cannot "
                    "convert it: " +
                    message_of(e));
  }
  declare_initializers(*model.mutable_graph());
  return true;
}

bool inline_functions(onnx::ModelProto& model) {
  const int opset = opset_of(model, "");
  FunctionNames functions;
  for (auto& node : *model.mutable_graph()->mutable_node()) {
    if (operator_of(node, opset) != nullptr || is_rewritten(node) || is_cast_like(node) ||
        !is_function(node, opset))
      continue;
    spell_out_defaults(node, *schema_of(node, opset));
    functions.emplace(node.domain(), node.op_type());
  }
  if (functions.empty()) return false;
  inline_named(model, functions);
  return true;
}

bool imports_another_opset(const onnx::FunctionProto& function, const onnx::ModelProto& model) {
  return std::any_of(
      function.opset_import().begin(), function.opset_import().end(), [&](const auto& import) {
        return normal_domain(import.domain()).empty() && import.version() != opset_of(model, "");
      });
}

// Whether the model's opset knows such a node, as it is written.
bool is_valid(const onnx::NodeProto& node, int opset) {
  const onnx::OpSchema* schema = schema_of(node, opset);
  if (schema == nullptr) return false;
  try {
    schema->Verify(node);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// ONNX wants the operators of a function to be the same in its opset and in the model's. Where they
// are not, a node means what it means in the model's opset, as in ONNX's own reference; only
// functions with a node that the model's opset does not know are left to be converted.
void raise_opset(onnx::FunctionProto& function, int opset) {
  const auto& nodes = function.node();
  if (!std::all_of(nodes.begin(), nodes.end(), [&](const auto& node) {
        return !normal_domain(node.domain()).empty() || is_valid(node, opset);
      })) {
    return;
  }
  for (auto& import : *function.mutable_opset_import()) {
    if (normal_domain(import.domain()).empty()) import.set_version(opset);
  }
}

}  // namespace

void inline_what_the_checker_refuses(onnx::ModelProto& model) {
  if (std::any_of(model.functions().begin(), model.functions().end(),
                  [&](const auto& function) { return imports_another_opset(function, model); })) {
    for (auto& function : *model.mutable_functions()) raise_opset(function, opset_of(model, ""));
    try {
      onnx::inliner::InlineLocalFunctions(model, true);
    } catch (const std::exception& e) {
      throw Error(TN_UNSUPPORTED, "",
                  std::string("ONNX cannot inline the model's own functions: ") + message_of(e));
    }
  }
  const int opset = opset_of(model, "");
  for (auto& node : *model.mutable_graph()->mutable_node()) {
    const onnx::OpSchema* schema = schema_of(node, opset);
    if (node.op_type() != "GroupNormalization" || schema == nullptr || !schema->Deprecated() ||
        node.input_size() != 3 || node.output_size() != 1)
      continue;
    spell_out_defaults(node, *schema);
    inline_named(model, {{node.domain(), node.op_type()}});
    return;
  }
}

void lift_and_inline(onnx::ModelProto& model, std::vector<TakenBody>& bodies) {
  // A body may itself call such a function, or be of an older opset; bodies do not recurse.
  for (int round = 0; round < 8; ++round) {
    take_bodies(model, bodies);
    const bool lifted = lift(model);
    const bool expanded = expand_bodies(model);
    if (!inline_functions(model) && !lifted && !expanded) return;
  }
}

}  // namespace tenon::runtime::onnx_import
