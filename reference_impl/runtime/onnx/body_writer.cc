// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/body_writer.h"

#include <cctype>
#include <sstream>

#include "onnx/defs/parser.h"
#include "onnx/shape_inference/implementation.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

constexpr char kInput[] = "in", kOutput[] = "out";

}  // namespace

std::string float_text(float value) {
  std::ostringstream text;
  text.precision(9);
  text << value;
  const std::string digits = text.str();
  return digits.find_first_of(".en") == std::string::npos ? digits + ".0" : digits;
}

KnownTypes::KnownTypes(const onnx::ModelProto& model) {
  // Without weights, whose values decide about no dims; their types are declared (normalize.h).
  constexpr int64_t kMostValues = 64;
  onnx::ModelProto inferred;
  inferred.set_ir_version(model.ir_version());
  *inferred.mutable_opset_import() = model.opset_import();
  const onnx::GraphProto& from = model.graph();
  onnx::GraphProto& graph = *inferred.mutable_graph();
  graph.set_name(from.name());
  *graph.mutable_node() = from.node();
  *graph.mutable_input() = from.input();
  *graph.mutable_output() = from.output();
  *graph.mutable_value_info() = from.value_info();
  for (const auto& constant : from.initializer()) {
    int64_t count = 1;
    for (const int64_t dim : constant.dims()) count *= dim;
    if (count <= kMostValues) *graph.add_initializer() = constant;
  }
  try {
    onnx::shape_inference::InferShapes(inferred);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // What is wrong is said where the node that is runs.
  }
  add(graph);
}

void KnownTypes::add(const onnx::GraphProto& graph) {
  for (const auto* list : {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto& info : *list) types_.emplace(info.name(), info.type());
}

int32_t KnownTypes::element_type(const std::string& name) const {
  const auto found = types_.find(name);
  return found == types_.end() ? 0 : found->second.tensor_type().elem_type();
}

std::optional<std::vector<int64_t>> KnownTypes::dims(const std::string& name) const {
  const auto found = types_.find(name);
  if (found == types_.end() || !found->second.tensor_type().has_shape()) return std::nullopt;
  std::vector<int64_t> dims;
  for (const auto& dim : found->second.tensor_type().shape().dim())
    dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  return dims;
}

bool BodyWriter::has(int input) const {
  return input < node_.input_size() && !node_.input(input).empty();
}

bool BodyWriter::has_out(int output) const {
  return output < node_.output_size() && !node_.output(output).empty();
}

std::string BodyWriter::in(int input) const {
  if (!has(input)) fail("it needs input " + std::to_string(input));
  return kInput + std::to_string(input);
}

std::string BodyWriter::out(int output) const { return kOutput + std::to_string(output); }

const onnx::AttributeProto* BodyWriter::attribute(const char* name) const {
  for (const auto& attribute : node_.attribute())
    if (attribute.name() == name) return &attribute;
  return nullptr;
}

int64_t BodyWriter::integer(const char* name, int64_t otherwise) const {
  const auto* found = attribute(name);
  return found != nullptr ? found->i() : otherwise;
}

float BodyWriter::real(const char* name, float otherwise) const {
  const auto* found = attribute(name);
  return found != nullptr ? found->f() : otherwise;
}

std::string BodyWriter::text(const char* name, const char* otherwise) const {
  const auto* found = attribute(name);
  return found != nullptr ? found->s() : otherwise;
}

std::vector<int64_t> BodyWriter::integer_list(const char* name) const {
  const auto* found = attribute(name);
  if (found == nullptr) return {};
  return {found->ints().begin(), found->ints().end()};
}

std::vector<float> BodyWriter::real_list(const char* name) const {
  const auto* found = attribute(name);
  if (found == nullptr) return {};
  return {found->floats().begin(), found->floats().end()};
}

std::vector<std::string> BodyWriter::text_list(const char* name) const {
  const auto* found = attribute(name);
  if (found == nullptr) return {};
  return {found->strings().begin(), found->strings().end()};
}

const onnx::TensorProto* BodyWriter::tensor(const char* name) const {
  const auto* found = attribute(name);
  return found != nullptr && found->has_t() ? &found->t() : nullptr;
}

std::optional<size_t> BodyWriter::rank(int input) const {
  const auto dims = has(input) ? types_.dims(node_.input(input)) : std::nullopt;
  return dims ? std::optional(dims->size()) : std::nullopt;
}

std::optional<int64_t> BodyWriter::dim(int input, size_t d) const {
  const auto dims = has(input) ? types_.dims(node_.input(input)) : std::nullopt;
  if (!dims || d >= dims->size() || (*dims)[d] < 0) return std::nullopt;
  return (*dims)[d];
}

std::string BodyWriter::make(const std::string& expression) {
  const std::string name = "t" + std::to_string(made_++);
  line(name + " = " + expression);
  return name;
}

std::string BodyWriter::constant(onnx::TensorProto value) {
  onnx::NodeProto& node = constants_.emplace_back();
  node.set_op_type("Constant");
  node.add_output("t" + std::to_string(made_++));
  onnx::AttributeProto* attribute = node.add_attribute();
  attribute->set_name("value");
  attribute->set_type(onnx::AttributeProto::TENSOR);
  *attribute->mutable_t() = std::move(value);
  return node.output(0);
}

namespace {

// Dims of -1: as long as there are values.
onnx::TensorProto tensor_of(int32_t type, size_t count, const std::vector<int64_t>& dims) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type);
  for (const int64_t dim : dims) tensor.add_dims(dim < 0 ? static_cast<int64_t>(count) : dim);
  return tensor;
}

}  // namespace

std::string BodyWriter::floats(const std::vector<float>& values, std::vector<int64_t> dims) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::FLOAT, values.size(), dims);
  for (const float value : values) tensor.add_float_data(value);
  return constant(std::move(tensor));
}

std::string BodyWriter::number(float value) { return floats({value}, {}); }

std::string BodyWriter::integers(const std::vector<int64_t>& values, std::vector<int64_t> dims) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT64, values.size(), dims);
  for (const int64_t value : values) tensor.add_int64_data(value);
  return constant(std::move(tensor));
}

std::string BodyWriter::texts(const std::vector<std::string>& values, std::vector<int64_t> dims) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::STRING, values.size(), dims);
  for (const std::string& value : values) tensor.add_string_data(value);
  return constant(std::move(tensor));
}

std::string BodyWriter::integer_number(int64_t value) { return integers({value}, {}); }

std::string BodyWriter::as_dim(const std::string& value) {
  const std::string wide = make("Cast<to = 7>(" + value + ")");
  return make("Reshape(" + wide + ", " + integers({}) + ")");
}

std::vector<onnx::NodeProto> BodyWriter::nodes() const {
  std::string text = "<domain: \"tenon\", opset_import: [\"\" : " + std::to_string(opset_) +
                     "]>\nbody () => () {\n";
  for (const std::string& line : lines_) text += line + "\n";
  text += "}";
  onnx::FunctionProto body;
  const auto status = onnx::OnnxParser::Parse(body, text.c_str());
  if (!status.IsOK()) throw Error(TN_INTERNAL, "", status.ErrorMessage() + " in\n" + text);

  const std::string prefix =
      (node_.name().empty() ? node_.output(0) : node_.name() + "/" + node_.output(0)) + "/";
  const auto rename = [&](std::string* name) {
    if (name->empty()) return;
    for (const bool input : {true, false}) {
      const std::string start = input ? kInput : kOutput;
      if (name->compare(0, start.size(), start) != 0 || name->size() == start.size() ||
          std::isdigit(static_cast<unsigned char>((*name)[start.size()])) == 0)
        continue;
      const int i = std::stoi(name->substr(start.size()));
      *name = input ? node_.input(i) : node_.output(i);
      return;
    }
    *name = prefix + *name;
  };
  std::vector<onnx::NodeProto> nodes = constants_;
  nodes.insert(nodes.end(), body.node().begin(), body.node().end());
  for (auto& made : nodes) {
    for (auto& name : *made.mutable_input()) rename(&name);
    for (auto& name : *made.mutable_output()) rename(&name);
    made.set_name(node_.name().empty() ? node_.output(0) : node_.name());
  }
  return nodes;
}

void BodyWriter::fail(const std::string& what) const {
  throw Error(TN_UNSUPPORTED, "",
              "node '" + (node_.name().empty() ? node_.output(0) : node_.name()) + "' (" +
                  node_.op_type() + "): " + what);
}

}  // namespace tenon::runtime::onnx_import
