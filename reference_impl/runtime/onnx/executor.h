// SPDX-License-Identifier: Apache-2.0
//
// Runs a graph on a device's stream: with a plan for the inputs' dims (plan.h), or node by node
// where no plan can be made because dims depend on the values of the inputs.
//
// A value is on the device or on the host (in memory of the reference device, which the host
// reads). Values that follow from dims (Shape and what is computed from it) stay on the host, so
// that the device is never waited for to learn a shape; a value is moved only where a node needs it
// elsewhere.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/plan.h"
#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

class Executor final : public Model {
 public:
  Executor(Context& context, Device& device, Graph graph);

  const std::vector<ModelValue>& inputs() const override { return graph_.input_info; }
  const std::vector<ModelValue>& outputs() const override { return graph_.output_info; }
  // Initializers that could be inputs as well; see defaults.h.
  const std::vector<std::string>& defaults() const { return graph_.defaults; }
  std::vector<HostTensor> run(const std::map<std::string, HostTensor>& inputs) override;
  std::vector<PlacementRow> placement() const override;
  ModelStatistics statistics() const override;

 private:
  using Placement = std::map<std::string, PlacementRow>;
  // A plan for the dims of all inputs.
  struct Planned {
    std::vector<std::vector<int64_t>> dims;
    std::unique_ptr<Plan> plan;
    Placement placement;  // Of one run.
    uint64_t runs = 0;
  };

  // The values of one run. Constants stay in constants_.
  using Values = std::vector<Tensor>;

  static void add(Placement& total, const Planned& planned);

  void fold_constants();
  void plan_lifetimes();
  void run_node(const Node& node, Values& values, bool fold);
  void run_view(const Node& node, std::span<Tensor> inputs,
                std::span<const InferredOutput> inferred, Values& values);
  Ran run_operation(const Node& node, std::span<Tensor> inputs,
                    std::span<const InferredOutput> inferred, bool on_host, Values& values);
  void run_nonzero(const Node& node, Tensor input, bool fold, Values& values);
  bool runs_on_host(const Node& node, std::span<const Tensor> inputs,
                    std::span<const InferredOutput> inferred) const;
  // The plan for these inputs, made if need be; null when there can be none.
  Planned* plan_for(std::span<const HostTensor* const> inputs);
  // Nothing when dims turn out to depend on values.
  std::optional<Trace> trace(std::span<const HostTensor* const> inputs, Placement* placement);
  std::vector<HostTensor> interpret(std::span<const HostTensor* const> inputs);

  // On the device these are only written down while a trace is made.
  Tensor allocate(tn_dtype dtype, std::vector<int64_t> dims, bool host);
  Ran run_on(bool host, const Operation& operation, std::span<const Argument> inputs,
             std::span<const Tensor> input_tensors, std::span<const Argument> outputs,
             std::span<const Tensor> output_tensors);

  Tensor host_vector(std::span<const int64_t> values);

  // The tensor where it is needed; copies if it must.
  Tensor on_device(const Tensor& tensor);
  Tensor on_host(const Tensor& tensor);
  Tensor dense(const Tensor& tensor);
  Tensor bring(const HostTensor& tensor, bool host);
  HostTensor take(const Tensor& tensor);

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
  Placement placement_;
  Placement* counting_ = &placement_;  // Where nodes are counted now.
  PackedConstants packed_;
  std::list<Planned> plans_;  // The one used last comes first.
  bool plannable_ = true;
  Trace* tracing_ = nullptr;
  const Node* node_ = nullptr;  // The one that is run, for the trace.
  ModelStatistics statistics_;
  std::vector<Tensor> in_flight_;  // Host sources of copies that the stream has not reached yet.
};

}  // namespace tenon::runtime::onnx_import
