// SPDX-License-Identifier: Apache-2.0
//
// Runs a graph on a device's stream, with a plan for the inputs' dims (plan.h). Where dims depend
// on values, the graph falls into stages (stages.h): between the plans, the nodes that need values
// run one by one. Which those are shows when a plan is made.
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
#include <set>
#include <string>
#include <vector>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/plan.h"
#include "runtime/onnx/stages.h"
#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

class Executor final : public Model {
 public:
  Executor(Context& context, ManagedDevice& device, Graph graph);

  const std::vector<ModelValue>& inputs() const override { return graph_.input_info; }
  const std::vector<ModelValue>& outputs() const override { return graph_.output_info; }
  // Initializers that could be inputs as well; see defaults.h.
  const std::vector<std::string>& defaults() const { return graph_.defaults; }
  std::vector<HostTensor> run(const std::map<std::string, HostTensor>& inputs) override;
  std::vector<PlacementRow> placement() const override;
  ModelStatistics statistics() const override;

 private:
  using Placement = std::map<std::string, PlacementRow>;
  // The dims of what a stage starts from, and the values where they lie on the host.
  using Key = std::vector<int64_t>;
  struct Planned {
    Key key;
    std::unique_ptr<Plan> plan;
    Placement placement;  // Of one run.
    uint64_t runs = 0;
  };
  struct PlannedStage {
    Stage stage;
    std::list<Planned> plans;  // The one used last comes first.
    std::list<Key> seen;       // Once, so far: run node by node.
  };

  // The values of one run. Constants stay in constants_.
  using Values = std::vector<Tensor>;
  using Given = std::span<const HostTensor* const>;

  static void add(Placement& total, const Planned& planned);

  void fold_constants();
  // Finds the stages anew; plans of those before `from` stay.
  void divide(size_t from);
  void plan_lifetimes();
  void run_node(const Node& node, Values& values, bool fold);
  void run_view(const Node& node, std::span<Tensor> inputs,
                std::span<const InferredOutput> inferred, Values& values);
  Ran run_operation(const Node& node, std::span<Tensor> inputs,
                    std::span<const InferredOutput> inferred, bool on_host, Values& values);
  void run_dependent(const Node& node, Tensor input, bool fold, Values& values);
  class Contractions;
  Ran run_einsum(const Node& node, std::span<Tensor> inputs, bool host, Values& values);
  bool runs_on_host(const Node& node, std::span<const Tensor> inputs,
                    std::span<const InferredOutput> inferred) const;

  std::vector<HostTensor> run_planned(Planned& planned, Given given);
  std::vector<HostTensor> run_stages(Given given);
  void run_together(size_t stage, Values& values);
  void run_plan(size_t stage, Planned& planned, Values& values);
  void run_one_by_one(std::span<const size_t> nodes, Values& values);
  // Whether it is worth a plan: the first stage is, others when they come again.
  bool worth_a_plan(size_t stage, const Key& key);

  // What a plan of the stage is for. The whole graph has its inputs from the host.
  Key key_of(Given given) const;
  Key key_of(size_t stage, const Values& values) const;
  // Null when there is none.
  Planned* find_plan(size_t stage, const Key& key);
  // Null when a node turns out to need values: then the stages are others than before.
  Planned* make_plan(size_t stage, Key key, const Values& values);
  std::optional<Recording> record(size_t stage, const Values& values, Placement* placement);
  // Tensors that have dims alone.
  Values shapes_of(Given given) const;
  bool whole() const { return stages_.size() == 1; }
  const std::vector<ValueIndex>& inputs_of(size_t stage) const;
  const std::vector<ValueIndex>& outputs_of(size_t stage) const;

  // On the device these are only written down while a recording is made.
  Tensor allocate(tn_dtype dtype, std::vector<int64_t> dims, bool host);
  Ran run_on(bool host, const Operation& operation, std::span<const Argument> inputs,
             std::span<const Tensor> input_tensors, std::span<const Argument> outputs,
             std::span<const Tensor> output_tensors);

  Tensor host_vector(std::span<const int64_t> values);

  // The tensor where it is needed; copies if it must.
  Tensor on_device(const Tensor& tensor);
  Tensor placed_on_device(ValueIndex index, const Tensor& tensor);
  Tensor on_host(const Tensor& tensor);
  Tensor dense(const Tensor& tensor);
  Tensor bring(const HostTensor& tensor, bool host);
  HostTensor take(const Tensor& tensor);

  const Tensor& input_of(ValueIndex index, const Values& values) const;

  mutable std::mutex mutex_;
  ManagedDevice& device_;
  ManagedDevice& reference_;
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
  std::set<size_t> cuts_;  // Nodes that need values.
  std::vector<PlannedStage> stages_;
  Recording* recording_ = nullptr;
  const Node* node_ = nullptr;  // The one that is run, for the recording.
  ModelStatistics statistics_;
  std::vector<Tensor> in_flight_;  // Host sources of copies that the stream has not reached yet.
};

}  // namespace tenon::runtime::onnx_import
