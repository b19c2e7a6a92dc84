// SPDX-License-Identifier: Apache-2.0
//
// Operators of a model that the contract does not have are written as others that it has: a table
// of functions (bodies.h) that write lines of ONNX's text form for one node,
//
//     b.line("total = Add(" + b.in(0) + ", " + b.in(1) + ")");
//     b.line(b.out(0) + " = Relu(total)");
//
// with the node's own values by in() and out(), and names of its own for the rest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// What inference knows of values; less where the model leaves it open.
class KnownTypes {
 public:
  // Infers; a model that cannot be inferred is known by what it declares.
  explicit KnownTypes(const onnx::ModelProto& model);
  // 0 where it is not known.
  int32_t element_type(const std::string& name) const;
  // -1 stands for a dim that is not known.
  std::optional<std::vector<int64_t>> dims(const std::string& name) const;

 private:
  void add(const onnx::GraphProto& graph);
  std::map<std::string, onnx::TypeProto> types_;
};

// A number as the text form reads it: exactly, and never as an integer.
std::string float_text(float value);

class BodyWriter {
 public:
  BodyWriter(const onnx::NodeProto& node, int opset, const KnownTypes& types)
      : node_(node), opset_(opset), types_(types) {}

  int opset() const { return opset_; }
  int inputs() const { return node_.input_size(); }
  bool has(int input) const;
  bool has_out(int output) const;
  std::string in(int input) const;  // Throws where it is absent.
  std::string out(int output) const;

  bool gives(const char* name) const { return attribute(name) != nullptr; }
  int64_t integer(const char* name, int64_t otherwise) const;
  float real(const char* name, float otherwise) const;
  std::string text(const char* name, const char* otherwise) const;
  // Lists; empty where they are not given.
  std::vector<int64_t> integer_list(const char* name) const;
  std::vector<float> real_list(const char* name) const;
  std::vector<std::string> text_list(const char* name) const;
  const onnx::TensorProto* tensor(const char* name) const;  // Null where it is not given.

  // Of an input, as far as they are known.
  int32_t element_type(int input) const {  // 0 where it is not.
    return has(input) ? types_.element_type(node_.input(input)) : 0;
  }
  std::optional<size_t> rank(int input) const;
  std::optional<int64_t> dim(int input, size_t d) const;

  // Adds a line, and one for an output that is asked for.
  void line(const std::string& text) { lines_.push_back(text); }
  void result(int output, const std::string& expression) {
    if (has_out(output)) line(out(output) + " = " + expression);
  }
  // A new value of an expression.
  std::string make(const std::string& expression);
  // Constants.
  std::string constant(onnx::TensorProto value);
  std::string floats(const std::vector<float>& values, std::vector<int64_t> dims = {-1});
  std::string number(float value);  // 0-d float.
  std::string integers(const std::vector<int64_t>& values, std::vector<int64_t> dims = {-1});
  std::string integer_number(int64_t value);  // 0-d int64.
  std::string texts(const std::vector<std::string>& values, std::vector<int64_t> dims = {-1});
  // A 0-d integer of any type as a 0-d int64, which is a dim.
  std::string as_dim(const std::string& value);
  // A 0-d constant in the type of another value.
  std::string number_like(float value, const std::string& like) {
    return make("CastLike(" + number(value) + ", " + like + ")");
  }

  // The nodes, each named as the node that they stand for.
  std::vector<onnx::NodeProto> nodes() const;

  [[noreturn]] void fail(const std::string& what) const;

 private:
  const onnx::AttributeProto* attribute(const char* name) const;

  const onnx::NodeProto& node_;
  int opset_;
  const KnownTypes& types_;
  std::vector<onnx::NodeProto> constants_;
  std::vector<std::string> lines_;
  int made_ = 0;
};

}  // namespace tenon::runtime::onnx_import
