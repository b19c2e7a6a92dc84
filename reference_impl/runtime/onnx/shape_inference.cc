// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/shape_inference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "onnx/defs/data_type_utils.h"
#include "onnx/defs/schema.h"
#include "onnx/onnx_pb.h"
#include "onnx/shape_inference/implementation.h"
#include "runtime/onnx/attribute_default.h"
#include "runtime/onnx/onnx_error.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// Host inputs up to this many elements take part in inference (shapes, axes, slice bounds).
constexpr int64_t kMostValues = 64;
// Results kept by node; one model seldom sees more than a few shapes between two of these.
constexpr size_t kMostResults = 64;

bool takes_part(const InferenceInput& input) {
  return input.host_data != nullptr && element_count(input.dims) <= kMostValues;
}

onnx::TensorProto tensor_proto(const InferenceInput& input) {
  onnx::TensorProto tensor;
  tensor.set_data_type(input.dtype);
  for (int64_t d : input.dims) tensor.add_dims(d);
  const size_t bytes =
      static_cast<size_t>(element_count(input.dims)) * tn_dtype_bits(input.dtype) / 8;
  tensor.set_raw_data(bytes == 0 ? "" : static_cast<const char*>(input.host_data), bytes);
  return tensor;
}

// Types that the operator allows, and equal ones where it wants that.
void check_types(const onnx::NodeProto& node, const onnx::OpSchema& schema,
                 std::span<const InferenceInput> inputs) {
  const auto fail = [&](const std::string& name, tn_dtype dtype, const std::string& wanted) {
    throw Error(TN_INVALID_ARGUMENT, "",
                "its input '" + name + "' is of type " + dtype_name(dtype) + " where " + wanted +
                    " is needed");
  };
  const auto& formal = schema.inputs();
  std::map<std::string, std::pair<tn_dtype, std::string>> bound;  // By type variable.
  const size_t given = std::min(inputs.size(), static_cast<size_t>(node.input_size()));
  for (size_t i = 0; i < given && !formal.empty(); ++i) {
    if (inputs[i].dtype == TN_DTYPE_UNDEFINED) continue;
    const auto& parameter = formal[std::min(i, formal.size() - 1)];
    const auto& allowed = parameter.GetTypes();
    const bool fits = std::any_of(allowed.begin(), allowed.end(), [&](onnx::DataType type) {
      const onnx::TypeProto& proto = onnx::Utils::DataTypeUtils::ToTypeProto(type);
      return proto.has_tensor_type() && proto.tensor_type().elem_type() == inputs[i].dtype;
    });
    if (!fits) fail(parameter.GetName(), inputs[i].dtype, "one of " + parameter.GetTypeStr());
    if (!parameter.GetIsHomogeneous()) continue;
    const auto [found, first] =
        bound.try_emplace(parameter.GetTypeStr(), std::pair{inputs[i].dtype, parameter.GetName()});
    const auto& [dtype, name] = found->second;
    if (!first && dtype != inputs[i].dtype)
      fail(parameter.GetName(), inputs[i].dtype,
           std::string(dtype_name(dtype)) + ", as '" + name + "' is,");
  }
}

// What inference lets pass: a scalar where there must be an axis, and dims that are no vector.
void check_ranks(const onnx::NodeProto& node, std::span<const InferenceInput> inputs) {
  static const std::set<std::string> along_axis{
      "CumSum", "ArgMax",  "ArgMin",     "GatherElements",  "ScatterElements",
      "TopK",   "Softmax", "LogSoftmax", "LpNormalization", "Gather"};
  if (inputs.empty()) return;
  const size_t rank = inputs[0].dims.size();
  if (rank == 0 && along_axis.contains(node.op_type()))
    throw Error(TN_INVALID_ARGUMENT, "", "its first input is a scalar, which has no axis");
  if (rank != 1 && node.op_type() == "ConstantOfShape")
    throw Error(TN_INVALID_ARGUMENT, "",
                "its input has rank " + std::to_string(rank) + " where a vector of dims is needed");
}

// Of Split; ONNX's rule makes a list of as many parts as the attribute says.
void check_parts(const onnx::NodeProto& node) {
  if (node.op_type() != "Split") return;
  for (const auto& attribute : node.attribute())
    if (attribute.name() == "num_outputs" && attribute.i() != node.output_size())
      throw Error(TN_INVALID_ARGUMENT, "",
                  "num_outputs is " + std::to_string(attribute.i()) + ", but the node has " +
                      std::to_string(node.output_size()) + " outputs");
}

template <class T>
T scalar_at(const InferenceInput& input) {
  T value;
  std::memcpy(&value, input.host_data, sizeof(value));
  return value;
}

// Elements of Range over floats: computed in float64, as the elements are (spec/ops/movement.yaml).
int64_t range_count(double start, double limit, double delta) {
  if (!std::isfinite(start) || !std::isfinite(limit) || !std::isfinite(delta))
    throw Error(TN_INVALID_ARGUMENT, "",
                "start, limit and delta must be finite; one is inf or NaN");
  if (delta == 0) throw Error(TN_INVALID_ARGUMENT, "", "delta is 0: the range would have no end");
  const double count = std::ceil((limit - start) / delta);
  if (!(count < 0x1p62)) throw Error(TN_INVALID_ARGUMENT, "", "the range has too many elements");
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

int64_t range_count(int64_t start, int64_t limit, int64_t delta) {
  if (delta == 0) throw Error(TN_INVALID_ARGUMENT, "", "delta is 0: the range would have no end");
  if (delta > 0 ? start >= limit : start <= limit) return 0;
  // Without a sign: the distance of two int64 may not be one.
  const auto u = [](int64_t x) { return static_cast<uint64_t>(x); };
  const uint64_t distance = delta > 0 ? u(limit) - u(start) : u(start) - u(limit);
  const uint64_t count = (distance - 1) / (delta > 0 ? u(delta) : 0 - u(delta)) + 1;
  if (count > INT64_MAX) throw Error(TN_INVALID_ARGUMENT, "", "the range has too many elements");
  return static_cast<int64_t>(count);
}

// Parts of one size, the last smaller. ONNX's rule does not see that there may be nothing left for
// the last ones.
void split_evenly(const onnx::NodeProto& node, std::span<const int64_t> dims,
                  std::vector<InferredOutput>& outputs) {
  int64_t axis = default_integer("Split", "axis");
  int64_t parts = 0;
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == "axis") axis = attribute.i();
    if (attribute.name() == "num_outputs") parts = attribute.i();
  }
  if (axis < 0) axis += static_cast<int64_t>(dims.size());
  if (parts != static_cast<int64_t>(outputs.size()) || axis < 0 ||
      axis >= static_cast<int64_t>(dims.size()))
    return;
  int64_t rest = dims[static_cast<size_t>(axis)];
  const int64_t size = (rest + parts - 1) / parts;
  for (InferredOutput& output : outputs) {
    output.dims.assign(dims.begin(), dims.end());
    output.dims[static_cast<size_t>(axis)] = std::min(size, rest);
    rest -= std::min(size, rest);
  }
}

// Of MaxUnpool with output_shape, which ONNX's rule does not look into.
std::optional<std::vector<int64_t>> unpooled_dims(const onnx::NodeProto& node,
                                                  std::span<const InferenceInput> inputs) {
  if (node.op_type() != "MaxUnpool" || inputs.size() < 3 || !takes_part(inputs[2]))
    return std::nullopt;
  std::vector<int64_t> dims(static_cast<size_t>(element_count(inputs[2].dims)));
  if (!dims.empty()) std::memcpy(dims.data(), inputs[2].host_data, dims.size() * sizeof(int64_t));
  return dims;
}

int64_t range_count(std::span<const InferenceInput> inputs) {
  for (const InferenceInput& input : inputs.first(3))
    if (input.host_data == nullptr || element_count(input.dims) != 1)
      throw Error(TN_INVALID_ARGUMENT, "",
                  "start, limit and delta must be one number each, not " +
                      std::to_string(element_count(input.dims)));
  const auto count = [&]<class T>(T) {
    using Wide = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
    return range_count(Wide{scalar_at<T>(inputs[0])}, Wide{scalar_at<T>(inputs[1])},
                       Wide{scalar_at<T>(inputs[2])});
  };
  switch (inputs[0].dtype) {
    case TN_FLOAT32:
      return count(float{});
    case TN_FLOAT64:
      return count(double{});
    case TN_INT16:
      return count(int16_t{});
    case TN_INT32:
      return count(int32_t{});
    case TN_INT64:
      return count(int64_t{});
    default:
      throw Error(TN_UNSUPPORTED, "", std::string("a range of ") + dtype_name(inputs[0].dtype));
  }
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
      const size_t bytes =
          static_cast<size_t>(element_count(input.dims)) * tn_dtype_bits(input.dtype) / 8;
      const size_t start = key.size();
      key.resize(start + (bytes + 7) / 8, 0);
      if (bytes != 0) std::memcpy(&key[start], input.host_data, bytes);
    }
  }

  std::vector<InferredOutput> infer(std::span<const InferenceInput> inputs) {
    check_types(node, *schema, inputs);
    check_ranks(node, inputs);
    check_parts(node);
    if (node.op_type() == "Range") range_count(inputs);  // Before ONNX's rule meets a NaN.
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
      // One number is one number: ONNX's own functions count with vectors of one.
      const bool number = node.op_type() == "Range" && element_count(inputs[i].dims) == 1;
      for (int64_t d : inputs[i].dims)
        if (!number) shape->add_dim()->set_dim_value(d);
      if (!takes_part(inputs[i])) continue;
      tensors.insert_or_assign(name, tensor_proto(inputs[i]));
      if (number) tensors[name].clear_dims();
    }
    for (auto& [name, type] : types) type_pointers[name] = &type;
    for (auto& [name, tensor] : tensors) tensor_pointers[name] = &tensor;

    const onnx::ShapeInferenceOptions options{true, 1, false};
    onnx::shape_inference::InferenceContextImpl context(node, type_pointers, tensor_pointers, {},
                                                        options);
    try {
      schema->GetTypeAndShapeInferenceFunction()(context);
    } catch (const std::bad_alloc&) {
      throw Error(TN_INVALID_ARGUMENT, "", "its attributes ask for more than fits into memory");
    } catch (const std::length_error&) {
      throw Error(TN_INVALID_ARGUMENT, "", "its attributes ask for more than fits into memory");
    } catch (const std::exception& e) {
      throw Error(TN_INVALID_ARGUMENT, "", message_of(e));
    }
    std::vector<InferredOutput> outputs(static_cast<size_t>(node.output_size()));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const onnx::TypeProto* type = context.getOutputType(i);
      if (node.output(static_cast<int>(i)).empty()) continue;
      if (!type->has_tensor_type())
        throw Error(TN_UNSUPPORTED, "", "output " + std::to_string(i) + " is not a tensor");
      outputs[i].dtype = type->tensor_type().elem_type();
      if (auto dims = unpooled_dims(node, inputs)) {
        outputs[i].dims = std::move(*dims);
        continue;
      }
      if (!type->tensor_type().has_shape())
        throw Error(TN_UNSUPPORTED, "",
                    "the rank of output " + std::to_string(i) + " depends on data");
      for (const auto& d : type->tensor_type().shape().dim())
        outputs[i].dims.push_back(d.has_dim_value() ? d.dim_value() : kUnknownDim);
    }
    // ONNX's rule rounds to the type first, and knows neither NaN nor a step of 0.
    if (node.op_type() == "Range") outputs[0].dims = {range_count(inputs)};
    if (node.op_type() == "Split") split_evenly(node, inputs[0].dims, outputs);
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
