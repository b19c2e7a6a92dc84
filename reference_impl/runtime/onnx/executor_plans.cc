// SPDX-License-Identifier: Apache-2.0
//
// Stages and their plans.
#include <algorithm>
#include <cstring>
#include <iterator>

#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"

namespace tenon::runtime::onnx_import {
namespace {

// Plans kept of a stage; a model that is served meets few shapes at a time, or pads to few.
constexpr size_t kMostPlans = 8;
// And what came once.
constexpr size_t kMostSeen = 32;

void push_dims(std::vector<int64_t>& key, std::span<const int64_t> dims) {
  key.push_back(static_cast<int64_t>(dims.size()));
  key.insert(key.end(), dims.begin(), dims.end());
}

}  // namespace

void Executor::divide(size_t from) {
  std::vector<Stage> made = make_stages(graph_, cuts_, is_body_);
  for (size_t s = from; s < stages_.size(); ++s)
    for (const Planned& planned : stages_[s].plans) add(placement_, planned);
  stages_.resize(std::min(from, stages_.size()));
  for (size_t s = 0; s < made.size(); ++s) {
    if (s >= stages_.size()) stages_.emplace_back();
    stages_[s].stage = std::move(made[s]);
  }
  plan_lifetimes();
}

// In the order in which the stages run.
void Executor::plan_lifetimes() {
  std::vector<size_t> order;
  for (const auto& [stage, plans, seen] : stages_)
    for (const auto* nodes : {&stage.alone, &stage.together})
      order.insert(order.end(), nodes->begin(), nodes->end());
  dies_after_.assign(graph_.nodes.size(), {});
  std::set<ValueIndex> alive(graph_.outputs.begin(), graph_.outputs.end());
  for (size_t i = order.size(); i-- > 0;) {
    const Node& node = graph_.nodes[order[i]];
    for (const auto* list : {&node.inputs, &node.outputs})
      for (const ValueIndex value : *list)
        if (value != kNoValue && alive.insert(value).second) dies_after_[order[i]].push_back(value);
  }
}

const std::vector<ValueIndex>& Executor::inputs_of(size_t stage) const {
  return whole() ? graph_.inputs : stages_[stage].stage.inputs;
}

const std::vector<ValueIndex>& Executor::outputs_of(size_t stage) const {
  return whole() ? graph_.outputs : stages_[stage].stage.outputs;
}

// ---- The whole graph by one plan ----

Executor::Key Executor::key_of(Given given) const {
  Key key;
  for (const HostTensor* input : given) push_dims(key, input->dims);
  return key;
}

Executor::Values Executor::shapes_of(Given given) const {
  Values values(graph_.values.size());
  for (size_t i = 0; i < given.size(); ++i) {
    Tensor& tensor = values[static_cast<size_t>(graph_.inputs[i])];
    tensor.dtype = given[i]->dtype;
    tensor.dims = given[i]->dims;
  }
  return values;
}

std::vector<HostTensor> Executor::run_planned(Planned& planned, Given given) {
  std::vector<Plan::Input> inputs;
  for (const HostTensor* input : given) inputs.push_back({input, {}});
  ++planned.runs;
  planned.plan->start(inputs);
  std::vector<HostTensor> outputs;
  for (size_t i = 0; i < graph_.outputs.size(); ++i) outputs.push_back(planned.plan->fetch(i));
  stream_->synchronize();
  return outputs;
}

// ---- Stages ----

void Executor::check_outputs(const Values& values) const {
  for (size_t i = 0; i < graph_.outputs.size(); ++i) {
    const ModelValue& declared = graph_.output_info[i];
    const Tensor& actual = input_of(graph_.outputs[i], values);
    if (!actual.present() && declared.optional) continue;
    const bool sequence = actual.items != nullptr;
    const auto kind = [](bool of, tn_dtype dtype) {
      return (of ? std::string("a sequence of ") : std::string()) + type_name(dtype);
    };
    if (actual.dtype != declared.dtype || sequence != declared.sequence)
      throw Error(TN_INVALID_ARGUMENT, "",
                  "the model declares its output '" + declared.name + "' as " +
                      kind(declared.sequence, declared.dtype) + ", and computes " +
                      kind(sequence, actual.dtype));
  }
}

std::vector<HostTensor> Executor::run_stages(Given given) {
  ++statistics_.interpreted_runs;
  Values values(graph_.values.size());
  for (size_t i = 0; i < given.size(); ++i)
    values[static_cast<size_t>(graph_.inputs[i])] = bring(*given[i], false);
  for (size_t s = 0; s < stages_.size(); ++s) {  // There may come to be more on the way.
    run_one_by_one(stages_[s].stage.alone, values);
    run_together(s, values);
  }
  std::vector<HostTensor> outputs;
  check_outputs(values);
  for (const ValueIndex index : graph_.outputs) outputs.push_back(take(input_of(index, values)));
  shared_->in_flight.clear();
  return outputs;
}

void Executor::run_one_by_one(std::span<const size_t> nodes, Values& values) {
  for (const size_t n : nodes) {
    run_node(graph_.nodes[n], values, false);
    if (is_body_) note_hosted(n, values);
    for (const ValueIndex dead : dies_after_[n]) values[static_cast<size_t>(dead)] = {};
  }
}

void Executor::run_together(size_t s, Values& values) {
  while (!stages_[s].stage.together.empty()) {
    for (const ValueIndex input : stages_[s].stage.inputs) {
      Tensor& tensor = values[static_cast<size_t>(input)];
      if (tensor.present()) tensor = dense(tensor);
    }
    Key key = key_of(s, values);
    Planned* planned = find_plan(s, key);
    if (planned == nullptr && !worth_a_plan(s, key))
      return run_one_by_one(stages_[s].stage.together, values);
    if (planned != nullptr) return run_plan(s, *planned, values);
    const std::vector<size_t> done = stages_[s].stage.alone;
    planned = make_plan(s, std::move(key), values);
    if (planned != nullptr) return run_plan(s, *planned, values);
    // In a body, the node that needs values may have come to stand among those that have run.
    std::vector<size_t> left;
    std::ranges::set_difference(stages_[s].stage.alone, done, std::back_inserter(left));
    run_one_by_one(left, values);
  }
}

void Executor::run_plan(size_t s, Planned& planned, Values& values) {
  const Stage& stage = stages_[s].stage;
  std::vector<Plan::Input> inputs;
  for (const ValueIndex input : stage.inputs) {
    const Tensor& tensor = values[static_cast<size_t>(input)];
    if (!tensor.present() || !as_device(tensor)) continue;
    inputs.push_back({nullptr, tensor});
    if (tensor.host) shared_->in_flight.push_back(tensor);
  }
  ++planned.runs;
  planned.plan->start(inputs);
  for (const size_t n : stage.together)
    for (const ValueIndex dead : dies_after_[n]) values[static_cast<size_t>(dead)] = {};
  for (size_t i = 0; i < stage.outputs.size(); ++i)
    values[static_cast<size_t>(stage.outputs[i])] = planned.plan->output(i);
}

// Making one costs more than running the nodes once, and dims that follow from values may be others
// each time.
bool Executor::worth_a_plan(size_t s, const Key& key) {
  if (s == 0 && !is_body_) return true;
  std::list<Key>& seen = stages_[s].seen;
  if (const auto found = std::find(seen.begin(), seen.end(), key); found != seen.end()) {
    seen.erase(found);
    return true;
  }
  if (seen.size() == kMostSeen) seen.pop_back();
  seen.push_front(key);
  return false;
}

Executor::Key Executor::key_of(size_t s, const Values& values) const {
  Key key;
  for (const ValueIndex input : stages_[s].stage.inputs) {
    const Tensor& tensor = values[static_cast<size_t>(input)];
    if (!tensor.present()) continue;  // A constant.
    key.push_back(tensor.dtype);
    push_dims(key, tensor.dims);
    if (as_device(tensor)) continue;
    const size_t at = key.size();
    key.resize(at + (tensor.bytes() + 7) / 8);
    if (tensor.bytes() != 0) std::memcpy(&key[at], tensor.address, tensor.bytes());
  }
  return key;
}

Executor::Planned* Executor::find_plan(size_t s, const Key& key) {
  std::list<Planned>& plans = stages_[s].plans;
  const auto found = std::find_if(plans.begin(), plans.end(),
                                  [&](const Planned& planned) { return planned.key == key; });
  if (found == plans.end()) return nullptr;
  plans.splice(plans.begin(), plans, found);
  return &plans.front();
}

Executor::Planned* Executor::make_plan(size_t s, Key key, const Values& values) {
  Planned planned;
  planned.key = std::move(key);
  auto recorded = record(s, values, &planned.placement);
  if (!recorded) {
    divide(s);
    return nullptr;
  }
  planned.plan =
      std::make_unique<Plan>(device_, reference_, *stream_, std::move(*recorded), shared_->packed);
  ++statistics_.plans_made;
  std::list<Planned>& plans = stages_[s].plans;
  if (plans.size() == kMostPlans) {
    add(placement_, plans.back());
    plans.pop_back();
  }
  plans.push_front(std::move(planned));
  return &plans.front();
}

// Writes down the stage's work on tensors without memory. Nothing when a node needs values of them:
// it is a cut then.
std::optional<Recording> Executor::record(size_t s, const Values& given, Placement* placement) {
  struct Recorder {
    Executor& executor;
    ~Recorder() {
      executor.recording_ = nullptr;
      executor.counting_ = &executor.placement_;
    }
  } const recorder{*this};
  Recording recording;
  recording_ = &recording;
  counting_ = placement;
  bool complete = true;
  size_t at = 0;
  try {
    Values values(graph_.values.size());
    for (const ValueIndex input : inputs_of(s)) {
      const Tensor& from = given[static_cast<size_t>(input)];
      Tensor& tensor = values[static_cast<size_t>(input)];
      if (!from.present()) continue;  // A constant.
      tensor = as_device(from) ? recording.allocate(from.dtype, from.dims) : from;
      if (as_device(from)) recording.add_input(tensor);
    }
    for (const size_t n : stages_[s].stage.together) {
      at = n;
      run_node(graph_.nodes[n], values, false);
    }
    node_ = nullptr;
    if (whole()) check_outputs(values);
    for (const ValueIndex output : outputs_of(s))
      recording.add_output(dense(input_of(output, values)));
  } catch (const DependsOnValues&) {
    cuts_.insert(at);
    complete = false;
  }
  stream_->synchronize();
  shared_->in_flight.clear();
  if (!complete) return std::nullopt;
  return recording;
}

}  // namespace tenon::runtime::onnx_import
