// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/newest.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "runtime/onnx/operator_versions.h"
#include "runtime/onnx/tensor_proto.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

onnx::AttributeProto* find_attribute(onnx::NodeProto& node, const char* name) {
  auto& attributes = *node.mutable_attribute();
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const auto& a) { return a.name() == name; });
  return found != attributes.end() ? &*found : nullptr;
}

void remove_attribute(onnx::NodeProto& node, const char* name) {
  auto& attributes = *node.mutable_attribute();
  attributes.erase(std::remove_if(attributes.begin(), attributes.end(),
                                  [&](const auto& a) { return a.name() == name; }),
                   attributes.end());
}

void set_word(onnx::NodeProto& node, const char* name, const char* word) {
  onnx::AttributeProto* attribute = find_attribute(node, name);
  if (attribute == nullptr) attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::STRING);
  attribute->set_s(word);
}

void rename_word(onnx::NodeProto& node, const char* name, const char* before, const char* now) {
  const onnx::AttributeProto* attribute = find_attribute(node, name);
  if (attribute != nullptr && attribute->s() == before) set_word(node, name, now);
}

[[noreturn]] void refuse_old(const onnx::NodeProto& node, const std::string& what) {
  throw Error(TN_UNSUPPORTED, "",
              "node '" + node.name() + "' (" + node.op_type() + "): " + what +
                  "; export the model with opset 11 or newer");
}

// Of a constant input; nothing where it is computed.
std::optional<std::vector<float>> constant_scales(const std::string& name,
                                                  const onnx::GraphProto& graph) {
  const auto read = [](const onnx::TensorProto& proto) {
    const HostTensor tensor = to_host_tensor(proto, "");
    const auto* first = reinterpret_cast<const float*>(tensor.data.data());
    return std::vector<float>(first, first + tensor.count());
  };
  for (const auto& constant : graph.initializer())
    if (constant.name() == name) return read(constant);
  for (const auto& node : graph.node())
    if (node.op_type() == "Constant" && node.output_size() == 1 && node.output(0) == name)
      for (const auto& attribute : node.attribute())
        if (attribute.has_t()) return read(attribute.t());
  return std::nullopt;
}

// The name of a new initializer with these scales.
std::string add_scales(const onnx::NodeProto& node, const std::vector<float>& scales,
                       onnx::GraphProto& graph) {
  onnx::TensorProto* tensor = graph.add_initializer();
  tensor->set_name(node.output(0) + "/scales");
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  tensor->add_dims(static_cast<int64_t>(scales.size()));
  for (const float scale : scales) tensor->add_float_data(scale);
  return tensor->name();
}

// What older versions have as attributes.
void scales_to_input(onnx::NodeProto& node, onnx::GraphProto& graph) {
  std::vector<float> scales;
  if (const auto* all = find_attribute(node, "scales")) {
    scales.assign(all->floats().begin(), all->floats().end());
  } else {
    const auto* height = find_attribute(node, "height_scale");
    const auto* width = find_attribute(node, "width_scale");
    if (height == nullptr || width == nullptr) refuse_old(node, "it has no scales");
    scales = {1, 1, height->f(), width->f()};
  }
  for (const char* name : {"scales", "height_scale", "width_scale"}) remove_attribute(node, name);
  node.add_input(add_scales(node, scales, graph));
}

// Before opset 11, positions are x / scale; the nearest element is rounded down where the output is
// larger, and up where it is smaller.
void make_resize(onnx::NodeProto& node, onnx::GraphProto& graph) {
  if (node.input_size() < 2) scales_to_input(node, graph);
  const auto scales = constant_scales(node.input(1), graph);
  bool larger = false, smaller = false;
  for (const float scale : scales.value_or(std::vector<float>())) {
    larger = larger || scale > 1;
    smaller = smaller || scale < 1;
  }
  const auto* mode = find_attribute(node, "mode");
  const bool nearest = mode == nullptr || mode->s() == "nearest";
  if (nearest && larger && smaller)
    refuse_old(node, "scales below and above 1 for nearest neighbours");
  const std::string name = node.input(1);
  node.set_op_type("Resize");
  node.set_input(1, "");
  node.add_input(name);
  rename_word(node, "mode", "bilinear", "linear");
  set_word(node, "coordinate_transformation_mode", "asymmetric");
  set_word(node, "nearest_mode", smaller ? "ceil" : "floor");
}

void whole_power(onnx::NodeProto& node) {
  onnx::AttributeProto* p = find_attribute(node, "p");
  if (p == nullptr) return;
  if (p->f() != std::floor(p->f()) || !(p->f() >= 1))
    refuse_old(node, "p is no whole number from 1 on");
  const auto whole = static_cast<int64_t>(p->f());
  p->Clear();
  p->set_name("p");
  p->set_type(onnx::AttributeProto::INT);
  p->set_i(whole);
}

// Whether it is of the newest version now.
bool bring(onnx::NodeProto& node, int version, onnx::GraphProto& graph) {
  const std::string& op = node.op_type();
  if (op == "Upsample" || (op == "Resize" && version == 10)) {
    make_resize(node, graph);
  } else if (op == "GridSample" && version == 16) {
    rename_word(node, "mode", "bilinear", "linear");
    rename_word(node, "mode", "bicubic", "cubic");
  } else if (op == "RoiAlign" && version == 10) {
    set_word(node, "coordinate_transformation_mode", "output_half_pixel");
  } else if ((op == "LpPool" || op == "GlobalLpPool") && version == 1) {
    whole_power(node);
  } else if (op == "InstanceNormalization" && version == 1) {
    remove_attribute(node, "consumed_inputs");
  } else {
    return false;
  }
  return true;
}

}  // namespace

void bring_to_newest(onnx::ModelProto& model) {
  const int opset = opset_of(model, "");
  bool any = false;
  for (auto& node : *model.mutable_graph()->mutable_node()) {
    if (!normal_domain(node.domain()).empty()) continue;
    const onnx::OpSchema* schema = schema_of(node, opset);
    if (schema == nullptr || schema->Deprecated()) continue;
    if (!bring(node, schema->SinceVersion(), *model.mutable_graph())) continue;
    node.set_domain(kNewestDomain);
    any = true;
  }
  if (!any) return;
  // Inference asks for the version of every domain.
  auto* import = model.add_opset_import();
  import->set_domain(kNewestDomain);
  import->set_version(registry_opset());
}

}  // namespace tenon::runtime::onnx_import
