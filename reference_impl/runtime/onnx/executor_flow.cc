// SPDX-License-Identifier: Apache-2.0
//
// Control flow: If and Loop (Scan: executor_scan.cc). A body is an executor of its own on the same
// streams, with plans for the dims that its inputs have. Conditions and trip counts are read where
// they are: those that follow from host values cost nothing, and only a condition that the device
// computes is waited for. While a plan is made, a body whose way is known already is written down
// with the rest, so that the model stays one plan.
#include <algorithm>
#include <limits>

#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"
#include "runtime/onnx/executor_stack.h"

namespace tenon::runtime::onnx_import {
namespace {

// A loop of more work is not written out into a plan, but runs its body's.
constexpr int64_t kMostNodesOfUnrolled = 256;
// Host values on their way to the device; beyond that many the stream is waited for.
constexpr size_t kMostInFlight = 4096;

}  // namespace

void Executor::make_bodies(const Node& node) {
  for (const Body& body : node.bodies) {
    std::vector<Tensor> constants(body.graph->inputs.size());
    for (size_t i = 0; i < body.captured.size(); ++i) {
      const ValueIndex index = node.inputs[body.captured[i]];
      bring_constant(index, true);
      if (index != kNoValue) constants[body.formal + i] = constants_[static_cast<size_t>(index)];
    }
    bodies_[body.graph.get()] =
        std::make_unique<Executor>(*this, std::move(*body.graph), constants);
  }
}

std::vector<Tensor> Executor::call(std::span<const Tensor> inputs, bool fold) {
  Values values(graph_.values.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto at = static_cast<size_t>(graph_.inputs[i]);
    if (!constants_[at].present()) values[at] = inputs[i];
  }
  if (fold || recording_ != nullptr) {
    for (const Node& node : graph_.nodes) run_node(node, values, fold);
  } else {
    ++statistics_.interpreted_runs;
    for (size_t s = 0; s < stages_.size(); ++s) {  // There may come to be more on the way.
      run_one_by_one(stages_[s].stage.alone, values);
      run_together(s, values);
    }
  }
  std::vector<Tensor> outputs;
  for (const ValueIndex index : graph_.outputs) outputs.push_back(input_of(index, values));
  if (!fold && recording_ == nullptr) divide_if_needed();
  if (shared_->in_flight.size() > kMostInFlight) {
    stream_->synchronize();
    shared_->in_flight.clear();
  }
  return outputs;
}

// A node that makes a host value of one that varies, or needs one, runs before each plan and not in
// it.
void Executor::note_hosted(size_t n, Values& values) {
  const Node& node = graph_.nodes[n];
  bool varies = false;
  bool hosted = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!input_of(node.inputs[i], values).varies) continue;
    varies = true;
    hosted |= node.host_inputs[i];
  }
  if (!varies) return;
  for (const ValueIndex output : node.outputs) {
    if (output == kNoValue || !values[static_cast<size_t>(output)].host) continue;
    values[static_cast<size_t>(output)].varies = true;
    hosted = true;
  }
  if (hosted) hosted_.insert(n);
}

void Executor::divide_if_needed() {
  const size_t before = cuts_.size();
  cuts_.insert(hosted_.begin(), hosted_.end());
  if (cuts_.size() != before) divide(0);
}

std::vector<Tensor> Executor::call_body(const Node& node, size_t which,
                                        std::span<const Tensor> formal,
                                        std::span<const Tensor> inputs, bool fold) {
  const Body& body = node.bodies[which];
  Executor& executor = *bodies_.at(body.graph.get());
  std::vector<Tensor> all(formal.begin(), formal.end());
  for (const size_t at : body.captured) all.push_back(inputs[at]);
  struct Recorder {
    Executor& executor;
    ~Recorder() {
      executor.recording_ = nullptr;
      executor.counting_ = &executor.placement_;
    }
  } const recorder{executor};
  executor.recording_ = recording_;
  if (recording_ != nullptr) executor.counting_ = counting_;
  return executor.call(all, fold);
}

int64_t Executor::read_integer(const Tensor& tensor, const std::string& what) {
  if (tensor.count() != 1)
    refuse("its " + what + " has " + std::to_string(tensor.count()) + " elements; it must be one");
  const Tensor host = on_host(tensor);
  host_stream_->synchronize();
  if (host.dtype == TN_BOOL) return *reinterpret_cast<const uint8_t*>(host.address) != 0 ? 1 : 0;
  if (host.dtype == TN_INT32) return *reinterpret_cast<const int32_t*>(host.address);
  if (host.dtype == TN_INT64) return *reinterpret_cast<const int64_t*>(host.address);
  refuse("its " + what + " is of type " + dtype_name(host.dtype));
}

Tensor Executor::host_scalar(tn_dtype dtype, int64_t value) {
  Tensor tensor = allocate_tensor(reference_, *host_stream_, dtype, {}, true);
  if (dtype == TN_BOOL)
    *reinterpret_cast<uint8_t*>(tensor.address) = value != 0 ? 1 : 0;
  else
    *reinterpret_cast<int64_t*>(tensor.address) = value;
  return tensor;
}

Tensor Executor::carry(Tensor tensor, bool fold) {
  if (tensor.items != nullptr) {
    std::vector<Tensor> items;
    for (const Tensor& item : *tensor.items) items.push_back(carry(item, fold));
    tensor.items = std::make_shared<const std::vector<Tensor>>(std::move(items));
    return tensor;
  }
  if (tensor.strings != nullptr) return tensor;
  if (tensor.host) {
    tensor.varies = recording_ == nullptr && !fold;
    return tensor;
  }
  if (!tensor.borrowed) return tensor;
  if (!tensor.dense()) return dense(tensor);
  Tensor copy = allocate(tensor.dtype, tensor.dims, false);
  if (copy.bytes() != 0) device_.copy(copy.address, tensor.address, copy.bytes(), *stream_);
  return copy;
}

void Executor::run_flow(const Node& node, std::span<Tensor> inputs, bool fold, Values& values) {
  std::vector<Tensor> outputs;
  if (node.op_type == "If")
    outputs = run_if(node, inputs, fold);
  else if (node.op_type == "Loop")
    outputs = run_loop(node, inputs, fold);
  else
    outputs = node.opset < 9 ? run_batches(node, inputs, fold) : run_scan(node, inputs, fold);
  if (outputs.size() < node.outputs.size())
    refuse("it has " + std::to_string(node.outputs.size()) + " outputs, and its body makes " +
           std::to_string(outputs.size()));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    // In the body of a loop, what a loop counts may be another in each iteration.
    outputs[i].varies = is_body_ && !fold && recording_ == nullptr && outputs[i].host;
    values[static_cast<size_t>(node.outputs[i])] = std::move(outputs[i]);
  }
  if (!fold) ++(*counting_)[node.op_type].host;
}

std::vector<Tensor> Executor::run_if(const Node& node, std::span<Tensor> inputs, bool fold) {
  const bool condition = read_integer(inputs[0], "condition") != 0;
  return call_body(node, condition ? 0 : 1, {}, inputs, fold);
}

std::vector<Tensor> Executor::run_loop(const Node& node, std::span<Tensor> inputs, bool fold) {
  constexpr size_t kTrips = 0, kCondition = 1, kFirstCarried = 2;
  if (node.own_inputs < kFirstCarried) refuse("it needs a trip count and a condition, or ''");
  const Body& body = node.bodies[0];
  const Executor& executor = *bodies_.at(body.graph.get());
  const size_t carried_count = node.own_inputs - kFirstCarried;
  if (body.formal != kFirstCarried + carried_count)
    refuse("its body has " + std::to_string(body.formal) + " inputs where " +
           std::to_string(kFirstCarried + carried_count) + " are needed");
  if (executor.graph_.outputs.size() < 1 + carried_count)
    refuse("its body has " + std::to_string(executor.graph_.outputs.size()) +
           " outputs, fewer than it carries values");
  const bool counted = inputs[kTrips].present();
  const bool tested = inputs[kCondition].present();
  const int64_t trips =
      counted ? read_integer(inputs[kTrips], "trip count") : std::numeric_limits<int64_t>::max();
  bool go = !tested || read_integer(inputs[kCondition], "condition") != 0;

  std::vector<Tensor> carried(inputs.begin() + kFirstCarried,
                              inputs.begin() + static_cast<std::ptrdiff_t>(node.own_inputs));
  for (Tensor& value : carried) value = carry(std::move(value), fold);
  Tensor condition = host_scalar(TN_BOOL, 1);
  condition.varies = recording_ == nullptr && !fold;
  std::vector<Stack> stacks;
  for (size_t i = 1 + carried_count; i < executor.graph_.outputs.size(); ++i)
    stacks.emplace_back(
        *this, Stack::Form{0, counted && !tested ? std::max<int64_t>(trips, 0) : -1}, fold);
  const auto weight = static_cast<int64_t>(executor.graph_.nodes.size()) + 1;
  for (int64_t i = 0; i < trips && go; ++i) {
    if (recording_ != nullptr && (i + 1 > kMostNodesOfUnrolled / weight ||
                                  (counted && !tested && trips > kMostNodesOfUnrolled / weight)))
      throw DependsOnValues();
    std::vector<Tensor> formal{host_scalar(TN_INT64, i), condition};
    formal[0].varies = recording_ == nullptr && !fold;
    formal.insert(formal.end(), carried.begin(), carried.end());
    std::vector<Tensor> outputs = call_body(node, 0, formal, inputs, fold);
    // Without a condition at the start, that of the body is not asked either.
    if (tested) go = read_integer(outputs[0], "body's condition") != 0;
    for (size_t v = 0; v < carried_count; ++v) {
      const bool both = outputs[1 + v].present() && carried[v].present();
      if (both && outputs[1 + v].dtype != carried[v].dtype)
        refuse("its body makes " + std::string(dtype_name(outputs[1 + v].dtype)) + " of the " +
               dtype_name(carried[v].dtype) + " value that it carries as '" +
               executor.graph_.output_info[1 + v].name + "'");
      carried[v] = carry(std::move(outputs[1 + v]), fold);
    }
    for (size_t s = 0; s < stacks.size(); ++s)
      stacks[s].push(std::move(outputs[1 + carried_count + s]));
  }
  for (size_t s = 0; s < stacks.size(); ++s)
    carried.push_back(stacks[s].finish(executor.graph_.output_info[1 + carried_count + s]));
  return carried;
}

}  // namespace tenon::runtime::onnx_import
