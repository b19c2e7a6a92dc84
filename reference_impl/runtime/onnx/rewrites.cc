// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/rewrites.h"

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "runtime/onnx/body_writer.h"
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
bool may_drop(const onnx::NodeProto& node, const onnx::GraphProto& graph) {
  if (node.input_size() < 3 || node.input(2).empty()) return false;
  if (number(node.input(2), graph) == 0.0) return false;
  return node.input(1).empty() || number(node.input(1), graph) != 0.0;
}

// Numbers in [0, 1) as NumPy's RandomState makes them of a seed, which ONNX's own reference uses.
onnx::TensorProto uniform_numbers(uint32_t seed, const std::vector<int64_t>& dims) {
  onnx::TensorProto tensor;
  tensor.set_data_type(onnx::TensorProto::DOUBLE);
  int64_t count = 1;
  for (const int64_t dim : dims) {
    tensor.add_dims(dim);
    count *= dim;
  }
  std::mt19937 random(seed);
  for (int64_t i = 0; i < count; ++i) {
    const auto high = static_cast<double>(random() >> 5), low = static_cast<double>(random() >> 6);
    tensor.add_double_data((high * 0x1p26 + low) * 0x1p-53);
  }
  return tensor;
}

// With a seed the same elements are dropped in each run: what they are is known here, and how many
// when the ratio is.
void write_seeded_dropout(BodyWriter& b) {
  constexpr int64_t kNoSeed = INT64_MIN;
  const int64_t seed = b.integer("seed", kNoSeed);
  std::vector<int64_t> dims;
  for (size_t d = 0; d < b.rank(0).value_or(0); ++d) dims.push_back(b.dim(0, d).value_or(-1));
  if (seed == kNoSeed || !b.rank(0) || std::ranges::find(dims, -1) != dims.end())
    b.fail(
        "its training_mode may be true, and then values are dropped at random; give it a seed and "
        "the dims of its input, or export the model for inference");
  const std::string numbers = b.constant(uniform_numbers(static_cast<uint32_t>(seed), dims));
  const std::string one = b.make("Cast<to = 11>(" + b.number(1) + ")");
  const std::string ratio = b.make("Cast<to = 11>(" + (b.has(1) ? b.in(1) : b.number(0.5f)) + ")");
  const std::string above = b.make("GreaterOrEqual(" + numbers + ", " + ratio + ")");
  const std::string kept = b.make("Or(" + b.make("Not(" + b.in(2) + ")") + ", " + above + ")");
  const std::string share = b.make("Sub(" + one + ", " + ratio + ")");
  const std::string factor = b.make("Where(" + b.in(2) + ", " +
                                    b.make("Div(" + one + ", " + share + ")") + ", " + one + ")");
  const int32_t type = b.element_type(0);
  const std::string scale = b.make("Cast<to = " + std::to_string(type) + ">(" + factor + ")");
  const std::string scaled = b.make("Mul(" + b.in(0) + ", " + scale + ")");
  const std::string none = b.make("Cast<to = " + std::to_string(type) + ">(" + b.number(0) + ")");
  b.result(0, "Where(" + kept + ", " + scaled + ", " + none + ")");
  b.result(1, "Identity(" + kept + ")");
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
    } else if (a.name() == "value_string") {
      tensor.set_data_type(onnx::TensorProto::STRING);
      tensor.add_string_data(a.s());
    } else if (a.name() == "value_strings") {
      tensor.set_data_type(onnx::TensorProto::STRING);
      tensor.add_dims(a.strings_size());
      *tensor.mutable_string_data() = a.strings();
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
  std::optional<KnownTypes> known;
  const auto drops = [&](const auto& node) {
    return is_rewritten(node) && node.op_type() == "Dropout" && may_drop(node, graph);
  };
  if (std::any_of(graph.node().begin(), graph.node().end(), drops)) known.emplace(model);
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  nodes.Swap(graph.mutable_node());
  for (auto& node : nodes) {
    if (!is_rewritten(node)) {
      graph.add_node()->Swap(&node);
    } else if (node.op_type() == "Constant") {
      *graph.add_initializer() = constant_value(node);
    } else if (node.op_type() == "Sum") {
      expand_sum(node, graph);
    } else if (may_drop(node, graph)) {
      BodyWriter writer(node, opset, *known);
      write_seeded_dropout(writer);
      for (auto& made : writer.nodes()) {
        if (made.op_type() == "Constant")
          *graph.add_initializer() = constant_value(made);
        else
          graph.add_node()->Swap(&made);
      }
    } else {
      expand_dropout(node, opset, reads, graph);
    }
  }
}

}  // namespace tenon::runtime::onnx_import
