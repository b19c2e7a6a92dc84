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
  // Of a body: queues what it does to the streams of `parent`, which outlives it. `constants` are
  // those of the graph's inputs that are the same in every call; absent where they are not.
  Executor(Executor& parent, Graph graph, std::span<const Tensor> constants);

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

  // What a model's executor shares with those of its bodies.
  struct Shared {
    Shared(ManagedDevice& device, ManagedDevice& reference);
    std::unique_ptr<Stream> stream;       // On the device.
    std::unique_ptr<Stream> host_stream;  // On the reference device.
    PackedConstants packed;
    // Of random numbers without a seed: their key, and how many are drawn.
    uint64_t random_key;
    uint64_t random_drawn = 0;
    std::vector<Tensor> in_flight;  // Host sources of copies that the stream has not reached yet.
    // While the model is loaded, by the host's address: constants that are on the device already.
    std::map<const std::byte*, std::pair<Tensor, Tensor>> uploaded;
  };

  static void add(Placement& total, const Planned& planned);
  void add_placement(Placement& total) const;
  void add_statistics(ModelStatistics& statistics) const;

  void make_ready(std::span<const Tensor> constants);
  void fold_constants(std::span<const Tensor> constants);
  bool is_constant(ValueIndex index) const;
  void bring_constant(ValueIndex index, bool host);
  void upload_constants();
  // Finds the stages anew; plans of those before `from` stay.
  void divide(size_t from);
  void plan_lifetimes();
  void run_node(const Node& node, Values& values, bool fold);
  void run_view(const Node& node, std::span<Tensor> inputs,
                std::span<const InferredOutput> inferred, Values& values);
  Ran run_operation(const Node& node, std::span<Tensor> inputs,
                    std::span<const InferredOutput> inferred, bool on_host, Values& values);
  void run_data_dims(const Node& node, std::span<Tensor> inputs,
                     std::span<const InferredOutput> inferred, bool fold, Values& values);
  class Contractions;
  Ran run_einsum(const Node& node, std::span<Tensor> inputs, bool host, Values& values);
  bool runs_on_host(const Node& node, std::span<const Tensor> inputs,
                    std::span<const InferredOutput> inferred) const;

  // ---- Control flow: executor_flow.cc ----

  // How the bodies of a node run: as the node itself does.
  void make_bodies(const Node& node);
  void run_flow(const Node& node, std::span<Tensor> inputs, bool fold, Values& values);
  std::vector<Tensor> run_if(const Node& node, std::span<Tensor> inputs, bool fold);
  std::vector<Tensor> run_loop(const Node& node, std::span<Tensor> inputs, bool fold);
  std::vector<Tensor> run_scan(const Node& node, std::span<Tensor> inputs, bool fold);
  std::vector<Tensor> run_batches(const Node& node, std::span<Tensor> inputs, bool fold);
  std::vector<Tensor> call_body(const Node& node, size_t body, std::span<const Tensor> formal,
                                std::span<const Tensor> inputs, bool fold);
  // As a body: outputs for inputs, some of which the next call writes anew.
  std::vector<Tensor> call(std::span<const Tensor> inputs, bool fold);
  void note_hosted(size_t n, Values& values);
  void divide_if_needed();
  // The only element of a tensor; waits for the device where it is there.
  int64_t read_integer(const Tensor& tensor, const std::string& what);
  // A tensor that later runs of a body leave alone, and that varies if it is on the host.
  Tensor carry(Tensor tensor, bool fold);
  Tensor host_scalar(tn_dtype dtype, int64_t value);
  class Stack;

  // ---- Random numbers: executor_random.cc ----

  // Whether each run of the node, or of what is in its bodies, has other numbers: without a seed.
  bool draws_anew(const Node& node) const;
  Ran run_random(const Node& node, const InferredOutput& inferred, bool host, Values& values);

  // ---- Strings: executor_strings.cc ----

  // Whether it is a node of strings; what it gives is in `values` then.
  bool run_strings(const Node& node, std::span<Tensor> inputs,
                   std::span<const InferenceInput> shapes, Values& values);
  void run_on_numbers(const Node& node, std::span<Tensor> inputs,
                      std::span<const InferredOutput> inferred, Values& values);
  Tensor to_strings(const Tensor& numbers);
  Tensor from_strings(const Tensor& strings, tn_dtype dtype);
  Tensor filled(tn_dtype dtype, std::vector<int64_t> dims, const void* data);
  Tensor split_strings(const Node& node, const Tensor& strings, Values& values);
  Tensor count_terms(const Node& node, const Tensor& terms);

  // ---- Sequences: executor_sequence.cc ----

  // Nodes that touch sequences, optionals or strings: they run alone.
  std::set<size_t> nodes_of_the_host() const;
  void run_sequence(const Node& node, std::span<Tensor> inputs, bool fold, Values& values);
  size_t position_of(const Tensor& tensor, size_t count, bool behind);
  Tensor split_to_sequence(const Node& node, std::span<const Tensor> inputs);
  Tensor join_sequence(const Node& node, std::vector<Tensor> items, bool fold);

  // Throws where the model says another element type.
  void check_outputs(const Values& values) const;
  std::vector<HostTensor> run_planned(Planned& planned, Given given);
  std::vector<HostTensor> run_stages(Given given);
  void run_together(size_t stage, Values& values);
  void run_plan(size_t stage, Planned& planned, Values& values);
  // Whether a plan takes the value as one of the device, whatever it is.
  static bool as_device(const Tensor& tensor) { return !tensor.host || tensor.varies; }
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
  bool whole() const { return !is_body_ && stages_.size() == 1 && plain_; }
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
  const std::shared_ptr<Shared> shared_;
  Stream* const stream_;
  Stream* const host_stream_;
  const bool is_body_;
  Graph graph_;
  // Whether all inputs and outputs are tensors that a device can hold.
  bool plain_ = true;
  // By value: constants where they were first needed, and the other place once needed there as
  // well.
  Values constants_;
  std::map<ValueIndex, Tensor> device_constants_;
  std::vector<std::vector<ValueIndex>> dies_after_;  // By node.
  Placement placement_;
  Placement* counting_ = &placement_;  // Where nodes are counted now.
  std::set<size_t> cuts_;              // Nodes that need values.
  std::set<size_t> hosted_;            // Of those: that make host values of ones that vary.
  std::vector<PlannedStage> stages_;
  Recording* recording_ = nullptr;
  const Node* node_ = nullptr;  // The one that is run, for the recording.
  ModelStatistics statistics_;
  std::map<const Graph*, std::unique_ptr<Executor>>
      bodies_;  // By Body::graph, which is empty then.
};

}  // namespace tenon::runtime::onnx_import
