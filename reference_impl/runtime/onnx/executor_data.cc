// SPDX-License-Identifier: Apache-2.0
//
// Nodes of whose outputs only the data says how much there is: there is room for all that may come,
// and what is used is a view.
#include "runtime/onnx/data_dims.h"
#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"

namespace tenon::runtime::onnx_import {

void Executor::run_data_dims(const Node& node, std::span<Tensor> inputs,
                             std::span<const InferredOutput> inferred, bool fold, Values& values) {
  bool host = true;
  for (size_t i = 0; i < inputs.size(); ++i)
    host = host && (fold || !inputs[i].present() || inputs[i].host || node.host_inputs[i]);
  if (!host && recording_ != nullptr) throw DependsOnValues();
  if (node.op_type == "NonZero" && inputs[0].dims.empty()) {  // A scalar counts as a vector of one.
    inputs[0].dims = {1};
    inputs[0].strides = {1};
  }
  std::vector<Argument> in(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor& input = inputs[i];
    if (!input.present()) continue;
    if (node.host_inputs[i]) {
      in[i] = Argument::host(input.address, input.dtype, input.dims);
      continue;
    }
    if (host != input.host) input = host ? on_host(input) : on_device(input);
    in[i] = input.argument();
  }
  std::vector<std::vector<int64_t>> found = most_dims(node, inputs);
  std::vector<Tensor> outputs(node.outputs.size());
  std::vector<Argument> out(outputs.size());
  std::vector<int64_t*> output_dims(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    outputs[i] = allocate(inferred[i].dtype, found[i], host);
    out[i] = outputs[i].argument();
    output_dims[i] = found[i].data();
  }
  ManagedDevice& device = host ? reference_ : device_;
  Stream& stream = host ? *host_stream_ : *stream_;
  const Ran ran = device.run(*node.operation, in, out, stream, output_dims.data());
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
