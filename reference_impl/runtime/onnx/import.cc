// SPDX-License-Identifier: Apache-2.0
//
// ModelProto -> Graph: normalize, check, lift versions, inline, flatten.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "google/protobuf/io/zero_copy_stream.h"
#include "onnx/checker.h"
#include "onnx/defs/schema.h"
#include "onnx/inliner/inliner.h"
#include "onnx/onnx_pb.h"
#include "runtime/onnx/attribute_default.h"
#include "runtime/onnx/contract_schemas.h"
#include "runtime/onnx/expand_batch_norm.h"
#include "runtime/onnx/functions.h"
#include "runtime/onnx/graph.h"
#include "runtime/onnx/newest.h"
#include "runtime/onnx/normalize.h"
#include "runtime/onnx/onnx_error.h"
#include "runtime/onnx/operator_bodies.h"
#include "runtime/onnx/operator_versions.h"
#include "runtime/onnx/rewrites.h"
#include "runtime/onnx/subgraphs.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/validity.h"
#include "runtime/registry.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// External data become part of the message, since ONNX's checker and inference would look for the
// files in the wrong folder once the model has no path of its own.
void read_external_data(onnx::GraphProto& graph, const std::string& base_folder) {
  const auto read = [&](onnx::TensorProto& proto) {
    if (proto.data_location() != onnx::TensorProto::EXTERNAL) return;
    const HostTensor tensor = to_host_tensor(proto, base_folder);
    proto.clear_external_data();
    proto.clear_data_location();
    proto.set_raw_data(tensor.data.data(), tensor.data.size());
  };
  for (auto& proto : *graph.mutable_initializer()) read(proto);
  for (auto& node : *graph.mutable_node())
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) read(*attribute.mutable_t());
      if (attribute.has_g()) read_external_data(*attribute.mutable_g(), base_folder);
    }
}

// Bytes piece by piece; those that have been read are left.
class Pieces final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  explicit Pieces(const ModelBytes& bytes) : bytes_(bytes) {}

  bool Next(const void** data, int* size) override {
    bytes_.leave(at_);
    const std::string_view piece = bytes_.view().substr(at_, kPiece);
    *data = piece.data();
    *size = static_cast<int>(piece.size());
    at_ += piece.size();
    return !piece.empty();
  }
  void BackUp(int count) override { at_ -= static_cast<size_t>(count); }
  bool Skip(int count) override {
    const size_t skipped = std::min(static_cast<size_t>(count), bytes_.view().size() - at_);
    at_ += skipped;
    return skipped == static_cast<size_t>(count);
  }
  int64_t ByteCount() const override { return static_cast<int64_t>(at_); }

 private:
  static constexpr size_t kPiece = 1 << 24;
  const ModelBytes& bytes_;
  size_t at_ = 0;
};

onnx::ModelProto parse(const ModelBytes& bytes) {
  onnx::ModelProto model;
  Pieces pieces(bytes);
  const bool read = model.ParseFromZeroCopyStream(&pieces);
  bytes.leave(bytes.view().size());
  if (!read)
    throw Error(TN_INVALID_ARGUMENT, "",
                "not an ONNX model: its protobuf cannot be read (" +
                    std::to_string(bytes.view().size()) + " bytes)");
  if (!model.has_graph())
    throw Error(TN_INVALID_ARGUMENT, "", "not an ONNX model: it has no graph");
  return model;
}

bool host_only(const OperatorInfo& info, size_t input) {
  return input < info.inputs.size() && (info.inputs[input].flags & kHostOnly) != 0;
}

void require_known_operators(const onnx::ModelProto& model) {
  const int opset = opset_of(model, "");
  std::map<std::string, int> unknown;
  for (const auto& node : model.graph().node()) {
    if (operator_of(node, opset) != nullptr || is_call(node) || is_cast_like(node) ||
        is_of_sequences(node) || is_of_strings(node) || is_random(node))
      continue;
    const std::string domain = normal_domain(node.domain());
    ++unknown[(domain.empty() ? "" : domain + ".") + node.op_type()];
  }
  if (unknown.empty()) return;
  std::string list;
  for (const auto& [name, n] : unknown)
    list += (list.empty() ? "" : ", ") + name + " (" + std::to_string(n) + ")";
  throw Error(TN_UNSUPPORTED, "",
              "the model uses operators that Tenon does not have: " + list + "; opset " +
                  std::to_string(opset));
}

// ONNX's checker insists on dims of outputs, which are not needed: exporters leave them out where
// they do not know the rank.
void check(onnx::ModelProto& model) {
  std::vector<onnx::TypeProto::Tensor*> open;
  for (auto& output : *model.mutable_graph()->mutable_output())
    if (output.type().has_tensor_type() && !output.type().tensor_type().has_shape())
      open.push_back(output.mutable_type()->mutable_tensor_type());
  for (auto* type : open) type->mutable_shape();
  onnx::checker::check_model(model);
  for (auto* type : open) type->clear_shape();
}

// As far as it is said.
ModelValue describe_inner(const onnx::ValueInfoProto& info) {
  ModelValue value;
  value.name = info.name();
  const onnx::TypeProto* type = &info.type();
  if (type->has_optional_type()) {
    value.optional = true;
    type = &type->optional_type().elem_type();
  }
  if (type->has_sequence_type()) {
    value.sequence = true;
    type = &type->sequence_type().elem_type();
  }
  if (!type->has_tensor_type()) return value;
  value.dtype = type->tensor_type().elem_type();
  for (const auto& dim : type->tensor_type().shape().dim()) {
    value.dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
    value.symbols.push_back(dim.dim_param());
  }
  return value;
}

ModelValue describe(const onnx::ValueInfoProto& info) {
  ModelValue value = describe_inner(info);
  if (value.dtype == TN_DTYPE_UNDEFINED)
    throw Error(TN_UNSUPPORTED, "",
                "'" + info.name() + "' is neither a tensor nor a sequence of tensors");
  if (tn_dtype_bits(value.dtype) == 0 && value.dtype != kStrings)
    throw Error(TN_UNSUPPORTED, "",
                "'" + info.name() + "' has element type " + std::to_string(value.dtype) +
                    ", which is not known");
  return value;
}

Graph build_graph(onnx::ModelProto& model, bool is_body);

class GraphBuilder {
 public:
  GraphBuilder(onnx::ModelProto& model, std::span<TakenBody> bodies, bool is_body)
      : model_(model), bodies_(bodies), is_body_(is_body), opset_(opset_of(model, "")) {}

  Graph build() {
    const onnx::GraphProto& graph = model_.graph();
    for (auto& proto : *model_.mutable_graph()->mutable_initializer()) {
      add_constant(proto.name(), to_host_tensor(proto, ""));
      delete proto.release_raw_data();  // Nobody reads it again, and weights are large.
    }
    for (const auto& input : graph.input()) {
      if (!is_body_ &&
          index_.contains(input.name())) {  // An initializer: a constant, unless a run gives it.
        graph_.defaults.push_back(input.name());
        continue;
      }
      graph_.inputs.push_back(value(input.name()));
      graph_.input_info.push_back(is_body_ ? describe_inner(input) : describe(input));
    }
    for (const auto& node : graph.node()) {
      if (is_call(node))
        add_call(node);
      else if (is_of_sequences(node))
        add_sequence(node);
      else if (is_of_strings(node) || is_random(node))
        add_host_node(node);
      else
        add_node(node);
    }
    for (const auto& output : graph.output()) {
      graph_.outputs.push_back(value(output.name()));
      graph_.output_info.push_back(is_body_ ? describe_inner(output) : describe(output));
    }
    return std::move(graph_);
  }

 private:
  ValueIndex value(const std::string& name) {
    if (name.empty()) return kNoValue;
    auto [found, inserted] = index_.emplace(name, static_cast<ValueIndex>(graph_.values.size()));
    if (inserted) graph_.values.push_back({name, std::nullopt});
    return found->second;
  }

  void add_constant(const std::string& name, HostTensor tensor) {
    graph_.values[static_cast<size_t>(value(name))].constant = std::move(tensor);
  }

  // What each kind of node has: name, inputs, outputs and attributes as they stand in the model.
  Node node_of(const onnx::NodeProto& proto) {
    Node node;
    node.op_type = proto.op_type();
    node.name = proto.name().empty() && proto.output_size() > 0 ? proto.output(0) : proto.name();
    for (const auto& input : proto.input()) node.inputs.push_back(value(input));
    for (const auto& output : proto.output()) node.outputs.push_back(value(output));
    for (const auto& attribute : proto.attribute()) {
      if (attribute.type() == onnx::AttributeProto::TENSOR)
        node.tensor = to_host_tensor(attribute.t(), "");
      else if (auto converted = to_attribute(attribute))
        node.attributes.push_back(std::move(*converted));
    }
    return node;
  }

  void add_node(const onnx::NodeProto& proto) {
    const bool cast_like = is_cast_like(proto);
    const OperatorInfo& info = cast_like ? *find_operator("Cast") : *operator_of(proto, opset_);
    Node node = node_of(proto);
    if (!cast_like) node.op_type = info.full_name;
    for (size_t i = 0; i < node.inputs.size(); ++i) node.host_inputs.push_back(host_only(info, i));
    node.view = info.view() || node.op_type == "Identity";  // The value itself.
    node.elementwise = info.elementwise();
    require_known_parts(node, info);
    resolve_auto_pad(node);
    if (!node.view && !node.auto_pad && !cast_like) make_operation(node, info);
    // Rules of older opsets count pooling windows that start in the padding at the end, which
    // the operator ignores.
    const bool pools = node.op_type == "MaxPool" || node.op_type == "AveragePool";
    node.inference = std::make_unique<ShapeInference>(
        proto, *schema_of(proto, pools ? registry_opset() : opset_));
    graph_.nodes.push_back(std::move(node));
  }

  void add_call(const onnx::NodeProto& proto) {
    const CallInfo info = call_info(proto);
    Node node = node_of(proto);
    node.host_inputs.resize(node.inputs.size(), false);
    node.own_inputs = static_cast<size_t>(info.own_inputs);
    node.opset = info.opset;
    for (TakenBody& taken :
         bodies_.subspan(static_cast<size_t>(info.first_body), static_cast<size_t>(info.bodies))) {
      Body body;
      body.formal = static_cast<size_t>(taken.formal);
      body.captured.assign(taken.captured.begin(), taken.captured.end());
      try {
        std::set<std::string> inputs;
        for (const auto& input : taken.model.graph().input()) inputs.insert(input.name());
        normalize(taken.model, inputs);
        body.graph = std::make_shared<Graph>(build_graph(taken.model, true));
      } catch (const Error& e) {
        throw Error(e.status(), e.rule(),
                    "node '" + node.name + "' (" + node.op_type + "): " + e.message());
      }
      node.bodies.push_back(std::move(body));
    }
    graph_.nodes.push_back(std::move(node));
  }

  void add_sequence(const onnx::NodeProto& proto) {
    Node node = node_of(proto);
    node.sequence = true;
    node.host_inputs.resize(node.inputs.size(), false);
    graph_.nodes.push_back(std::move(node));
  }

  // Of strings, or of random numbers: the executor's own.
  void add_host_node(const onnx::NodeProto& proto) {
    Node node = node_of(proto);
    node.text = is_of_strings(proto);
    node.random = is_random(proto);
    node.host_inputs.resize(node.inputs.size(), false);
    node.inference = std::make_unique<ShapeInference>(proto, *schema_of(proto, opset_));
    graph_.nodes.push_back(std::move(node));
  }

  // Kernels are described with explicit pads.
  void resolve_auto_pad(Node& node) {
    node.auto_pad = std::ranges::any_of(
        node.attributes, [](const Attribute& a) { return a.name == "output_shape"; });
    auto found = std::find_if(node.attributes.begin(), node.attributes.end(),
                              [](const Attribute& a) { return a.name == "auto_pad"; });
    if (found == node.attributes.end()) return;
    const std::string mode = std::get<std::string>(found->value);
    if (mode == "NOTSET") node.attributes.erase(found);
    node.auto_pad = node.auto_pad || mode != "NOTSET";
  }

  // What the model's version of the operator has and the registry's does not.
  void require_known_parts(Node& node, const OperatorInfo& info) {
    auto fail = [&](const std::string& what) {
      throw Error(TN_UNSUPPORTED, "", "node '" + node.name + "' (" + node.op_type + "): " + what);
    };
    const bool variadic = !info.outputs.empty() && (info.outputs.back().flags & kVariadic) != 0;
    for (size_t i = info.outputs.size(); i < node.outputs.size() && !variadic; ++i)
      if (node.outputs[i] != kNoValue) fail("its output " + std::to_string(i));
    std::erase_if(node.attributes, [&](const Attribute& attribute) {
      if (std::ranges::find(info.attributes, attribute.name, &AttributeFact::name) !=
          info.attributes.end())
        return false;
      const auto fixed = std::ranges::find(info.fixed, attribute.name, &AttributeFact::name);
      if (fixed == info.fixed.end()) fail("its attribute '" + attribute.name + "'");
      if (!is_default(*fixed, attribute.value))
        fail("its attribute '" + attribute.name + "' is not " + default_text(*fixed) +
             ", which alone is supported");
      return true;  // As if it were not given.
    });
  }

  void make_operation(Node& node, const OperatorInfo& info) {
    try {
      node.operation = std::make_unique<Operation>(info.full_name, node.attributes);
    } catch (const Error& e) {
      throw Error(e.status(), e.rule(),
                  "node '" + node.name + "' (" + node.op_type + "): " + e.message());
    }
  }

  onnx::ModelProto& model_;
  const std::span<TakenBody> bodies_;
  const bool is_body_;
  int opset_;
  std::unordered_map<std::string, ValueIndex> index_;
  Graph graph_;
};

void refuse_calls(const onnx::ModelProto& model) {
  for (const auto& node : model.graph().node())
    if (is_call(node))
      throw Error(TN_UNSUPPORTED, "",
                  "node '" + node.name() + "': the domain '" + kCallDomain +
                      "' is Tenon's own; no model may use it");
}

Graph build_graph(onnx::ModelProto& model, bool is_body) {
  refuse_calls(model);
  expand_training_batch_norm(model);
  bring_to_newest(model);
  std::vector<TakenBody> bodies;
  lift_and_inline(model, bodies);
  rewrite(model);
  require_known_operators(model);
  return GraphBuilder(model, bodies, is_body).build();
}

}  // namespace

Graph import_model(const ModelBytes& bytes, const std::string& base_folder,
                   const std::set<std::string>& given) {
  register_contract_schemas();
  onnx::ModelProto model = parse(bytes);
  check_validity(model);
  read_external_data(*model.mutable_graph(), base_folder);
  normalize(model, given);
  move_foreign_operators(model);
  inline_what_the_checker_refuses(model);
  try {
    check(model);
    onnx::inliner::InlineLocalFunctions(model, true);
  } catch (const std::exception& e) {
    throw Error(TN_INVALID_ARGUMENT, "", std::string("not a valid ONNX model: ") + message_of(e));
  }
  return build_graph(model, false);
}

}  // namespace tenon::runtime::onnx_import
