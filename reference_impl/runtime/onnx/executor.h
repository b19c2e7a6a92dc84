// SPDX-License-Identifier: Apache-2.0
//
// Runs a graph node by node on a device's stream.
//
// A value is on the device or on the host (in memory of the reference device, which the host
// reads). Values that follow from dims (Shape and what is computed from it) stay on the host, so
// that the device is never waited for to learn a shape; a value is moved only where a node needs it
// elsewhere.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

class Executor final : public Model {
 public:
  Executor(Context& context, Device& device, Graph graph);

  const std::vector<ModelValue>& inputs() const override { return graph_.input_info; }
  const std::vector<ModelValue>& outputs() const override { return graph_.output_info; }
  std::vector<HostTensor> run(const std::map<std::string, HostTensor>& inputs) override;
  std::vector<PlacementRow> placement() const override;

 private:
  // The values of one run. Constants stay in constants_.
  using Values = std::vector<Tensor>;

  void fold_constants();
  void plan_lifetimes();
  void run_node(const Node& node, Values& values, bool fold);
  void run_view(const Node& node, std::span<Tensor> inputs,
                std::span<const InferredOutput> inferred, Values& values);
  void run_operation(const Node& node, std::span<Tensor> inputs,
                     std::span<const InferredOutput> inferred, bool on_host, Values& values);
  bool runs_on_host(const Node& node, std::span<const Tensor> inputs,
                    std::span<const InferredOutput> inferred) const;
  Tensor host_vector(std::span<const int64_t> values);

  // The tensor where it is needed; copies if it must.
  Tensor on_device(const Tensor& tensor);
  Tensor on_host(const Tensor& tensor);
  Tensor dense(const Tensor& tensor);
  Tensor bring(const HostTensor& tensor, bool host);
  HostTensor take(const Tensor& tensor);

  Device& device_of(const Tensor& tensor) { return tensor.host ? reference_ : device_; }
  const Tensor& input_of(ValueIndex index, const Values& values) const;

  mutable std::mutex mutex_;
  Device& device_;
  Device& reference_;
  std::unique_ptr<Stream> stream_;       // On the device.
  std::unique_ptr<Stream> host_stream_;  // On the reference device.
  Graph graph_;
  // By value: constants where they were first needed, and the other place once needed there as
  // well.
  Values constants_;
  std::map<ValueIndex, Tensor> device_constants_;
  std::vector<std::vector<ValueIndex>> dies_after_;  // By node.
  std::map<std::string, PlacementRow> placement_;
  std::vector<Tensor> in_flight_;  // Host sources of copies that the stream has not reached yet.
};

}  // namespace tenon::runtime::onnx_import
