// SPDX-License-Identifier: Apache-2.0
//
// Nodes of whose outputs only the data says how much there is: there is room for all that may come,
// and what is used is a view.
#include <algorithm>

#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"

namespace tenon::runtime::onnx_import {
namespace {

// The most that each output's dims may be.
std::vector<std::vector<int64_t>> most_dims(const Node& node, const Tensor& input) {
  if (node.op_type == "NonZero") return {{static_cast<int64_t>(input.dims.size()), input.count()}};
  std::vector<int64_t> y{input.count()};
  int64_t all = input.count();
  for (const Attribute& attribute : node.attributes) {
    if (attribute.name != "axis") continue;
    int64_t axis = std::get<int64_t>(attribute.value);
    const auto rank = static_cast<int64_t>(input.dims.size());
    if (axis < -rank || axis >= rank)
      throw Error(
          TN_INVALID_ARGUMENT, "",
          "axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
    y = input.dims;
    all = y[static_cast<size_t>(axis < 0 ? axis + rank : axis)];
  }
  return {y, {all}, {all}, {all}};
}

}  // namespace

bool depends_on_data(const Node& node) {
  return node.op_type == "NonZero" || node.op_type == "Unique";
}

void Executor::run_dependent(const Node& node, Tensor input, bool fold, Values& values) {
  const bool host = fold || input.host;
  if (!host && recording_ != nullptr) throw DependsOnValues();
  if (input.dims.empty() && node.op_type == "NonZero") {  // A scalar counts as a vector of one.
    input.dims = {1};
    input.strides = {1};
  }
  if (host && !input.host) input = on_host(input);
  const std::vector<std::vector<int64_t>> most = most_dims(node, input);
  std::vector<Tensor> outputs(node.outputs.size());
  std::vector<Argument> out(outputs.size());
  std::vector<std::vector<int64_t>> found(most.begin(),
                                          most.begin() + static_cast<int64_t>(outputs.size()));
  std::vector<int64_t*> output_dims(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    outputs[i] =
        allocate(i == 0 && node.op_type != "NonZero" ? input.dtype : TN_INT64, most[i], host);
    out[i] = outputs[i].argument();
    output_dims[i] = found[i].data();
  }
  const Argument in = input.argument();
  ManagedDevice& device = host ? reference_ : device_;
  Stream& stream = host ? *host_stream_ : *stream_;
  const Ran ran = device.run(*node.operation, {&in, 1}, out, stream, output_dims.data());
  stream.synchronize();
  PlacementRow& row = (*counting_)[node.op_type];
  if (!fold) ++(host ? row.host : ran == Ran::kFallback ? row.fallback : row.device);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    outputs[i].dims = std::move(found[i]);
    values[static_cast<size_t>(node.outputs[i])] = std::move(outputs[i]);
  }
}

}  // namespace tenon::runtime::onnx_import
