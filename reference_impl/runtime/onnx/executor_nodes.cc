// SPDX-License-Identifier: Apache-2.0
//
// One node: its dims by inference, then as a view, on the host or on the device.
#include <algorithm>

#include "runtime/onnx/attribute_default.h"
#include "runtime/onnx/auto_pad.h"
#include "runtime/onnx/data_dims.h"
#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"
#include "runtime/onnx/views.h"

namespace tenon::runtime::onnx_import {
namespace {

const Operation& fill() {
  static const Operation operation{"tenon.Fill"};
  return operation;
}

// What a device could never hold, or a stride not express.
void check_dims(const InferredOutput& output) {
  if (output.dims.size() > TN_MAX_RANK)
    throw Error(TN_UNSUPPORTED, "",
                "an output of " + std::to_string(output.dims.size()) + " dims; the most is " +
                    std::to_string(TN_MAX_RANK));
  const auto count = checked_element_count(output.dims);
  if (count && *count <= kMostElements) return;
  throw Error(TN_INVALID_ARGUMENT, "",
              "its output would have dims " + dims_text(output.dims) +
                  ", which no tensor can have; look at the values that they come from");
}

}  // namespace

void Executor::run_node(const Node& node, Values& values, bool fold) try {
  node_ = &node;
  std::vector<Tensor> inputs;
  std::vector<InferenceInput> shapes;
  inputs.reserve(node.inputs.size());
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    inputs.push_back(input_of(node.inputs[i], values));
    if (inputs[i].present() && node.host_inputs[i]) inputs[i] = on_host(inputs[i]);
    // Inference reads host values as they lie.
    if (inputs[i].host && !inputs[i].dense()) inputs[i] = dense(inputs[i]);
    // A tensor without elements has no address, yet its (empty) value is known.
    static const std::byte nothing{};
    const std::byte* values = inputs[i].address != nullptr ? inputs[i].address : &nothing;
    const bool readable = inputs[i].host && inputs[i].strings == nullptr;
    shapes.push_back({inputs[i].dtype, inputs[i].dims, readable ? values : nullptr});
  }
  if (!node.bodies.empty()) return run_flow(node, inputs, fold, values);
  if (node.sequence) return run_sequence(node, inputs, fold, values);
  if (node.op_type == "Identity" && (inputs[0].items != nullptr || !inputs[0].present())) {
    values[static_cast<size_t>(node.outputs[0])] = std::move(inputs[0]);
    return;
  }
  if (run_strings(node, inputs, shapes, values)) {
    if (!fold) ++(*counting_)[node.op_type].host;
    return;
  }
  const std::span<const InferredOutput> inferred = node.inference->outputs(shapes);
  if (depends_on_data(node.op_type)) return run_data_dims(node, inputs, inferred, fold, values);
  for (const InferredOutput& output : inferred) {
    if (std::find(output.dims.begin(), output.dims.end(), kUnknownDim) != output.dims.end())
      throw Error(TN_UNSUPPORTED, "", "the dims of its output depend on data");
    check_dims(output);
  }

  if (node.op_type == "CastLike") inputs.resize(1);  // The other has said its type.
  PlacementRow& row = (*counting_)[node.op_type];
  if (node.op_type == "Einsum") {
    const bool host = fold || runs_on_host(node, inputs, inferred);
    const Ran ran = run_einsum(node, inputs, host, values);
    if (!fold) ++(host ? row.host : ran == Ran::kFallback ? row.fallback : row.device);
    return;
  }
  if (node.random) {
    const Ran ran = run_random(node, inferred[0], fold, values);
    if (!fold) ++(ran == Ran::kFallback ? row.fallback : row.device);
    return;
  }
  if (node.view) {
    run_view(node, inputs, inferred, values);
    row.view += fold ? 0 : 1;
    return;
  }
  const bool host = fold || runs_on_host(node, inputs, inferred);
  const Ran ran = run_operation(node, inputs, inferred, host, values);
  if (!fold) ++(host ? row.host : ran == Ran::kFallback ? row.fallback : row.device);
} catch (const Error& e) {
  throw Error(e.status(), e.rule(), label(node) + ": " + e.message());
}

// Small integer results of host values, which is what shape arithmetic is made of.
bool Executor::runs_on_host(const Node& node, std::span<const Tensor> inputs,
                            std::span<const InferredOutput> inferred) const {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].present() && !inputs[i].host && !node.host_inputs[i]) return false;
  for (const InferredOutput& output : inferred) {
    int64_t count = 1;
    for (int64_t d : output.dims) count *= d;
    if (!is_index_type(output.dtype) && output.dtype != TN_DTYPE_UNDEFINED &&
        !(output.dims.empty() && output.dtype == TN_FLOAT32))
      return false;
    if (count > kMostHostElements) return false;
  }
  return true;
}

void Executor::run_view(const Node& node, std::span<Tensor> inputs,
                        std::span<const InferredOutput> inferred, Values& values) {
  auto set = [&](size_t output, Tensor tensor) {
    if (output < node.outputs.size() && node.outputs[output] != kNoValue)
      values[static_cast<size_t>(node.outputs[output])] = std::move(tensor);
  };
  if (node.op_type == "Shape") {
    const int64_t rank = static_cast<int64_t>(inputs[0].dims.size());
    int64_t start = default_integer("Shape", "start");
    int64_t end = rank;
    for (const Attribute& a : node.attributes)
      (a.name == "start" ? start : end) = std::get<int64_t>(a.value);
    start = std::clamp<int64_t>(start < 0 ? start + rank : start, 0, rank);
    end = std::clamp<int64_t>(end < 0 ? end + rank : end, start, rank);
    return set(
        0, host_vector(std::span(inputs[0].dims)
                           .subspan(static_cast<size_t>(start), static_cast<size_t>(end - start))));
  }
  if (node.op_type == "Size") {
    const int64_t count = inputs[0].count();
    Tensor size = host_vector({&count, 1});
    size.dims.clear();
    size.strides.clear();
    return set(0, std::move(size));
  }
  if (node.op_type == "BitCast") {
    Tensor view = inputs[0];
    if (tn_dtype_bits(view.dtype) != tn_dtype_bits(inferred[0].dtype))
      throw Error(TN_INVALID_ARGUMENT, "",
                  std::string("the bits of ") + dtype_name(view.dtype) + " are not those of " +
                      dtype_name(inferred[0].dtype) + ", which has another size");
    view.dtype = inferred[0].dtype;
    return set(0, std::move(view));
  }
  if (node.op_type == "ConstantOfShape") {
    // A mask or a zero vector for shape arithmetic stays on the host, everything else is filled
    // there.
    const bool host = is_index_type(inferred[0].dtype) && runs_on_host(node, inputs, inferred);
    Tensor tensor = allocate(inferred[0].dtype, inferred[0].dims, host);
    static const float zero = 0;
    const void* value = node.tensor ? static_cast<const void*>(node.tensor->data.data()) : &zero;
    const Argument in = Argument::host(value, tensor.dtype);
    const Argument out = tensor.argument();
    const Tensor none;
    run_on(host, fill(), {&in, 1}, {&none, 1}, {&out, 1}, {&tensor, 1});
    return set(0, std::move(tensor));
  }
  std::vector<HostValues> hosts(inputs.size());
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Tensor& input = inputs[i];
    if (!input.present() || !node.host_inputs[i]) continue;
    std::vector<int64_t>& list = hosts[i].emplace(static_cast<size_t>(input.count()));
    for (size_t k = 0; k < list.size(); ++k)
      list[k] = input.dtype == TN_INT32 ? reinterpret_cast<const int32_t*>(input.address)[k]
                                        : reinterpret_cast<const int64_t*>(input.address)[k];
  }
  std::vector<std::vector<int64_t>> dims;
  for (const InferredOutput& output : inferred) dims.push_back(output.dims);
  auto views = make_views(node, inputs[0], hosts, dims);
  if (!views) views = make_views(node, dense(inputs[0]), hosts, dims);
  if (!views) throw Error(TN_INTERNAL, "", "'" + node.op_type + "' of a dense tensor is no view");
  for (size_t i = 0; i < views->size(); ++i) set(i, std::move((*views)[i]));
}

// A constant that is needed on both sides is brought over once.
Tensor Executor::placed_on_device(ValueIndex index, const Tensor& tensor) {
  if (!tensor.host) return tensor;
  const auto found = device_constants_.find(index);
  if (found != device_constants_.end()) return found->second;
  Tensor placed = on_device(tensor);
  if (constants_[static_cast<size_t>(index)].present()) device_constants_.emplace(index, placed);
  return placed;
}

Ran Executor::run_operation(const Node& node, std::span<Tensor> inputs,
                            std::span<const InferredOutput> inferred, bool on_the_host,
                            Values& values) {
  std::vector<Argument> in(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor& input = inputs[i];
    if (!input.present()) continue;
    const bool scalar = node.elementwise && input.dims.empty() && input.host;
    if (node.host_inputs[i] || scalar) {
      in[i] = Argument::host(input.address, input.dtype, input.dims);
      continue;
    }
    if (!on_the_host && input.host) {
      input = placed_on_device(node.inputs[i], input);
    } else if (on_the_host && !input.host) {
      input = on_host(input);
    }
    in[i] = input.argument();
  }
  std::vector<Tensor> outputs(inferred.size());
  std::vector<Argument> out(inferred.size());
  for (size_t i = 0; i < inferred.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    outputs[i] = allocate(inferred[i].dtype, inferred[i].dims, on_the_host);
    out[i] = outputs[i].argument();
  }
  Ran ran = Ran::kDevice;
  if (node.auto_pad) {
    const std::span<const int64_t> x = inputs[0].dims,
                                   w = inputs[window_input(node.op_type, inputs.size())].dims;
    const Operation operation(node.op_type,
                              node.op_type == "ConvTranspose"
                                  ? transposed_pads(node.attributes, x, w, inferred[0].dims)
                                  : explicit_pads(node.attributes, x, w));
    ran = run_on(on_the_host, operation, in, inputs, out, outputs);
  } else if (node.op_type == "CastLike") {
    std::vector<Attribute> attributes = node.attributes;
    attributes.push_back({"to", int64_t{inferred[0].dtype}});
    ran = run_on(on_the_host, Operation("Cast", std::move(attributes)), in, inputs, out, outputs);
  } else {
    ran = run_on(on_the_host, *node.operation, in, inputs, out, outputs);
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    if (node.outputs[i] != kNoValue)
      values[static_cast<size_t>(node.outputs[i])] = std::move(outputs[i]);
  return ran;
}

}  // namespace tenon::runtime::onnx_import
