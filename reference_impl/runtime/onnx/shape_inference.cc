// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/shape_inference.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>

#include "onnx/defs/schema.h"
#include "onnx/onnx_pb.h"
#include "onnx/shape_inference/implementation.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// Host inputs up to this many elements take part in inference (shapes, axes, slice bounds).
constexpr int64_t kMostValues = 64;
// Results kept by node; one model seldom sees more than a few shapes between two of these.
constexpr size_t kMostResults = 64;

int64_t count(std::span<const int64_t> dims) {
  int64_t n = 1;
  for (int64_t d : dims) n *= d;
  return n;
}

bool takes_part(const InferenceInput& input) {
  return input.host_data != nullptr && count(input.dims) <= kMostValues;
}

onnx::TensorProto tensor_proto(const InferenceInput& input) {
  onnx::TensorProto tensor;
  tensor.set_data_type(input.dtype);
  for (int64_t d : input.dims) tensor.add_dims(d);
  const size_t bytes = static_cast<size_t>(count(input.dims)) * tn_dtype_bits(input.dtype) / 8;
  tensor.set_raw_data(bytes == 0 ? "" : static_cast<const char*>(input.host_data), bytes);
  return tensor;
}

}  // namespace

struct ShapeInference::State {
  onnx::NodeProto node;
  const onnx::OpSchema* schema;
  std::map<std::vector<int64_t>, std::vector<InferredOutput>> results;
  std::vector<int64_t> key;  // Reused, so that a repeated shape allocates nothing.

  void make_key(std::span<const InferenceInput> inputs) {
    key.clear();
    for (const InferenceInput& input : inputs) {
      key.push_back(input.dtype);
      key.push_back(static_cast<int64_t>(input.dims.size()));
      key.insert(key.end(), input.dims.begin(), input.dims.end());
      if (!takes_part(input)) continue;
      const size_t bytes = static_cast<size_t>(count(input.dims)) * tn_dtype_bits(input.dtype) / 8;
      const size_t start = key.size();
      key.resize(start + (bytes + 7) / 8, 0);
      if (bytes != 0) std::memcpy(&key[start], input.host_data, bytes);
    }
  }

  std::vector<InferredOutput> infer(std::span<const InferenceInput> inputs) {
    std::unordered_map<std::string, onnx::TypeProto> types;
    std::unordered_map<std::string, onnx::TypeProto*> type_pointers;
    std::unordered_map<std::string, onnx::TensorProto> tensors;
    std::unordered_map<std::string, const onnx::TensorProto*> tensor_pointers;
    // An input that the model's node did not have (a bias made by folding) decides about no dims.
    const size_t known = std::min(inputs.size(), static_cast<size_t>(node.input_size()));
    for (size_t i = 0; i < known; ++i) {
      const std::string& name = node.input(static_cast<int>(i));
      if (name.empty() || inputs[i].dtype == TN_DTYPE_UNDEFINED) continue;
      auto* tensor = types[name].mutable_tensor_type();
      tensor->set_elem_type(inputs[i].dtype);
      tensor->clear_shape();
      auto* shape = tensor->mutable_shape();
      for (int64_t d : inputs[i].dims) shape->add_dim()->set_dim_value(d);
      if (takes_part(inputs[i])) tensors.insert_or_assign(name, tensor_proto(inputs[i]));
    }
    for (auto& [name, type] : types) type_pointers[name] = &type;
    for (auto& [name, tensor] : tensors) tensor_pointers[name] = &tensor;

    const onnx::ShapeInferenceOptions options{true, 1, false};
    onnx::shape_inference::InferenceContextImpl context(node, type_pointers, tensor_pointers, {},
                                                        options);
    try {
      schema->GetTypeAndShapeInferenceFunction()(context);
    } catch (const std::exception& e) {
      throw Error(TN_INVALID_ARGUMENT, "", e.what());
    }
    std::vector<InferredOutput> outputs(static_cast<size_t>(node.output_size()));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const onnx::TypeProto* type = context.getOutputType(i);
      if (node.output(static_cast<int>(i)).empty()) continue;
      if (!type->has_tensor_type())
        throw Error(TN_UNSUPPORTED, "", "output " + std::to_string(i) + " is not a tensor");
      outputs[i].dtype = type->tensor_type().elem_type();
      if (!type->tensor_type().has_shape())
        throw Error(TN_UNSUPPORTED, "",
                    "the rank of output " + std::to_string(i) + " depends on data");
      for (const auto& d : type->tensor_type().shape().dim())
        outputs[i].dims.push_back(d.has_dim_value() ? d.dim_value() : -1);
    }
    return outputs;
  }
};

ShapeInference::ShapeInference(const onnx::NodeProto& node, const onnx::OpSchema& schema)
    : state_(std::make_unique<State>()) {
  state_->node = node;
  state_->schema = &schema;
}

ShapeInference::~ShapeInference() = default;

std::span<const InferredOutput> ShapeInference::outputs(std::span<const InferenceInput> inputs) {
  State& s = *state_;
  s.make_key(inputs);
  auto found = s.results.find(s.key);
  if (found == s.results.end()) {
    std::vector<InferredOutput> outputs = s.infer(inputs);
    if (s.results.size() >= kMostResults) s.results.clear();
    found = s.results.emplace(s.key, std::move(outputs)).first;
  }
  return found->second;
}

}  // namespace tenon::runtime::onnx_import
