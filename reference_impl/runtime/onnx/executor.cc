// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/executor.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "runtime/onnx/auto_pad.h"
#include "runtime/onnx/defaults.h"
#include "runtime/onnx/fold_batch_norm.h"
#include "runtime/onnx/views.h"
#include "runtime/read_file.h"

namespace tenon::runtime::onnx_import {
namespace {

// Results of at most this many elements may be computed on the host.
constexpr int64_t kMostHostElements = 4096;

// Beyond that, bytes and bits might not fit into 64 bits.
constexpr int64_t kMostElements = int64_t{1} << 55;

// Plans kept; a model that is served meets few shapes at a time, or pads to few.
constexpr size_t kMostPlans = 8;

// Thrown while a trace is made, when the host would have to wait for a value of the device.
struct DependsOnValues {};

const Operation& identity() {
  static const Operation operation{"Identity"};
  return operation;
}

const Operation& fill() {
  static const Operation operation{"tenon.Fill"};
  return operation;
}

bool is_index_type(tn_dtype dtype) {
  return dtype == TN_INT64 || dtype == TN_INT32 || dtype == TN_BOOL;
}

std::string describe(const ModelValue& value) {
  std::string text = "[";
  for (size_t i = 0; i < value.dims.size(); ++i) {
    if (i > 0) text += ", ";
    text += value.dims[i] >= 0 ? std::to_string(value.dims[i])
                               : (value.symbols[i].empty() ? "?" : value.symbols[i]);
  }
  return text + "]";
}

std::string dims_text(std::span<const int64_t> dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

std::string label(const Node& node) { return "node '" + node.name + "' (" + node.op_type + ")"; }

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

void check_memory(const Device& device, const Tensor& tensor) {
  const uint64_t most = device.info().total_memory;
  if (most == 0 || tensor.bytes() <= most) return;
  throw Error(TN_OUT_OF_DEVICE_MEMORY, "",
              "a tensor of dims " + dims_text(tensor.dims) + " needs " +
                  std::to_string(tensor.bytes()) + " bytes; " + device.spec() + " has " +
                  std::to_string(most));
}

// Against what the model declares; its own dims are bound by name across inputs.
void check_input(const ModelValue& expected, const HostTensor& given,
                 std::map<std::string, int64_t>& bound) {
  auto fail = [&](const std::string& what) {
    throw Error(TN_INVALID_ARGUMENT, "",
                "input '" + expected.name + "' " + what + ": the model wants " +
                    dtype_name(expected.dtype) + " " + describe(expected) + ", given " +
                    dtype_name(given.dtype) + " " + dims_text(given.dims));
  };
  if (given.dtype != expected.dtype) fail("has the wrong element type");
  if (given.dims.size() != expected.dims.size()) fail("has the wrong rank");
  for (size_t i = 0; i < given.dims.size(); ++i) {
    int64_t want = expected.dims[i];
    if (want < 0 && !expected.symbols[i].empty())
      want = bound.emplace(expected.symbols[i], given.dims[i]).first->second;
    if (want >= 0 && want != given.dims[i])
      fail("has dim " + std::to_string(i) + " of " + std::to_string(given.dims[i]) + " where " +
           std::to_string(want) + " is needed");
  }
  const auto count = checked_element_count(given.dims);
  if (!count || *count > kMostElements) fail("has dims that no tensor can have");
  if (given.data.size() !=
      (static_cast<size_t>(*count) * tn_dtype_bits(given.dtype) + 7) / 8)
    fail("holds " + std::to_string(given.data.size()) + " bytes, which its dims do not");
}

}  // namespace

Executor::Executor(Context& context, Device& device, Graph graph)
    : device_(device),
      reference_(context.reference()),
      stream_(device.create_stream()),
      host_stream_(reference_.create_stream()),
      graph_(std::move(graph)),
      packed_(device.handle(), *stream_) {
  fold_constants();
  plan_lifetimes();
}

void Executor::add(Placement& total, const Planned& planned) {
  for (const auto& [op, row] : planned.placement) {
    PlacementRow& to = total[op];
    to.device += planned.runs * row.device;
    to.host += planned.runs * row.host;
    to.view += planned.runs * row.view;
  }
  for (const auto& [op, times] : planned.plan->fallbacks()) {
    total[op].device -= times;
    total[op].fallback += times;
  }
}

const Tensor& Executor::input_of(ValueIndex index, const Values& values) const {
  static const Tensor absent;
  if (index == kNoValue) return absent;
  const size_t i = static_cast<size_t>(index);
  return constants_[i].present() ? constants_[i] : values[i];
}

// Computes what follows from constants alone and drops those nodes. The rest of the constants goes
// to the device when a node first needs it there.
void Executor::fold_constants() {
  if (const size_t folded = fold_batch_norm(graph_); folded != 0)
    placement_["BatchNormalization"].folded += folded;
  constants_.resize(graph_.values.size());
  for (size_t i = 0; i < graph_.values.size(); ++i) {
    auto& constant = graph_.values[i].constant;
    if (!constant) continue;
    constants_[i] = bring(*constant, true);
    constant.reset();
  }
  std::vector<Node> rest;
  for (Node& node : graph_.nodes) {
    const bool constant = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueIndex i) {
      return i == kNoValue || constants_[static_cast<size_t>(i)].present();
    });
    if (!constant) {
      rest.push_back(std::move(node));
      continue;
    }
    Values values(graph_.values.size());
    run_node(node, values, true);
    host_stream_->synchronize();
    for (ValueIndex output : node.outputs)
      if (output != kNoValue)
        constants_[static_cast<size_t>(output)] = values[static_cast<size_t>(output)];
    ++placement_[node.op_type].folded;
  }
  graph_.nodes = std::move(rest);

  // Weights go to the device now, and the host's copy goes away where no node reads it there.
  std::set<ValueIndex> host_needed(graph_.outputs.begin(), graph_.outputs.end());
  std::set<ValueIndex> needed;
  for (const Node& node : graph_.nodes)
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoValue || !constants_[static_cast<size_t>(node.inputs[i])].present())
        continue;
      needed.insert(node.inputs[i]);
      if (node.host_inputs[i]) host_needed.insert(node.inputs[i]);
    }
  for (size_t i = 0; i < constants_.size(); ++i) {
    const ValueIndex index = static_cast<ValueIndex>(i);
    if (!constants_[i].present() || host_needed.contains(index)) continue;
    if (!needed.contains(index)) {
      constants_[i] = {};
    } else if (!is_index_type(constants_[i].dtype) || constants_[i].count() > kMostHostElements) {
      constants_[i] = on_device(constants_[i]);
    }
  }
  stream_->synchronize();
  in_flight_.clear();
}

void Executor::plan_lifetimes() {
  dies_after_.resize(graph_.nodes.size());
  std::set<ValueIndex> alive(graph_.outputs.begin(), graph_.outputs.end());
  for (size_t n = graph_.nodes.size(); n-- > 0;) {
    for (const auto* list : {&graph_.nodes[n].inputs, &graph_.nodes[n].outputs})
      for (ValueIndex i : *list)
        if (i != kNoValue && alive.insert(i).second) dies_after_[n].push_back(i);
  }
}

std::vector<HostTensor> Executor::run(const std::map<std::string, HostTensor>& inputs) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::map<std::string, int64_t> bound;
  std::vector<const HostTensor*> given;
  for (const ModelValue& info : graph_.input_info) {
    auto found = inputs.find(info.name);
    if (found == inputs.end())
      throw Error(
          TN_INVALID_ARGUMENT, "",
          "input '" + info.name + "' is missing: " + dtype_name(info.dtype) + " " + describe(info));
    check_input(info, found->second, bound);
    given.push_back(&found->second);
  }
  for (const auto& [name, tensor] : inputs)
    if (std::none_of(graph_.input_info.begin(), graph_.input_info.end(),
                     [&](const ModelValue& v) { return v.name == name; }))
      throw Error(TN_INVALID_ARGUMENT, "", "the model has no input '" + name + "'");

  if (Planned* planned = plan_for(given)) {
    ++planned->runs;
    return planned->plan->run(given);
  }
  ++statistics_.interpreted_runs;
  return interpret(given);
}

std::vector<HostTensor> Executor::interpret(std::span<const HostTensor* const> inputs) {
  Values values(graph_.values.size());
  for (size_t i = 0; i < graph_.inputs.size(); ++i)
    values[static_cast<size_t>(graph_.inputs[i])] = bring(*inputs[i], false);
  for (size_t n = 0; n < graph_.nodes.size(); ++n) {
    run_node(graph_.nodes[n], values, false);
    for (ValueIndex dead : dies_after_[n]) values[static_cast<size_t>(dead)] = {};
  }
  std::vector<HostTensor> outputs;
  outputs.reserve(graph_.outputs.size());
  for (ValueIndex index : graph_.outputs) outputs.push_back(take(input_of(index, values)));
  in_flight_.clear();
  return outputs;
}

// ---- Plans ----

Executor::Planned* Executor::plan_for(std::span<const HostTensor* const> inputs) {
  if (!plannable_) return nullptr;
  const auto fits = [&](const Planned& planned) {
    for (size_t i = 0; i < inputs.size(); ++i)
      if (planned.dims[i] != inputs[i]->dims) return false;
    return true;
  };
  if (auto found = std::find_if(plans_.begin(), plans_.end(), fits); found != plans_.end()) {
    plans_.splice(plans_.begin(), plans_, found);
    return &plans_.front();
  }
  Planned planned;
  for (const HostTensor* input : inputs) planned.dims.push_back(input->dims);
  auto traced = trace(inputs, &planned.placement);
  if (!traced) {
    plannable_ = false;
    return nullptr;
  }
  planned.plan = std::make_unique<Plan>(device_, reference_, *stream_, std::move(*traced), packed_);
  ++statistics_.plans_made;
  if (plans_.size() == kMostPlans) {
    add(placement_, plans_.back());
    plans_.pop_back();
  }
  plans_.push_front(std::move(planned));
  return &plans_.front();
}

std::optional<Trace> Executor::trace(std::span<const HostTensor* const> inputs,
                                     Placement* placement) {
  struct Tracing {
    Executor& executor;
    ~Tracing() {
      executor.tracing_ = nullptr;
      executor.counting_ = &executor.placement_;
    }
  } const tracing{*this};
  Trace trace;
  tracing_ = &trace;
  counting_ = placement;
  try {
    Values values(graph_.values.size());
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      Tensor& tensor = values[static_cast<size_t>(graph_.inputs[i])];
      tensor = trace.allocate(inputs[i]->dtype, inputs[i]->dims);
      trace.add_input(tensor);
    }
    for (const Node& node : graph_.nodes) run_node(node, values, false);
    for (ValueIndex index : graph_.outputs) trace.add_output(dense(input_of(index, values)));
  } catch (const DependsOnValues&) {
    stream_->synchronize();
    in_flight_.clear();
    return std::nullopt;
  }
  stream_->synchronize();
  in_flight_.clear();
  return trace;
}

Tensor Executor::allocate(tn_dtype dtype, std::vector<int64_t> dims, bool host) {
  Tensor planned;
  planned.dtype = dtype;
  planned.dims = dims;
  check_memory(host ? reference_ : device_, planned);
  if (host) return allocate_tensor(reference_, *host_stream_, dtype, std::move(dims), true);
  if (tracing_ != nullptr) return tracing_->allocate(dtype, std::move(dims));
  return allocate_tensor(device_, *stream_, dtype, std::move(dims), false);
}

Ran Executor::run_on(bool host, const Operation& operation, std::span<const Argument> inputs,
                      std::span<const Tensor> input_tensors, std::span<const Argument> outputs,
                      std::span<const Tensor> output_tensors) {
  if (host) return reference_.run(operation, inputs, outputs, *host_stream_);
  if (tracing_ == nullptr) return device_.run(operation, inputs, outputs, *stream_);
  const bool own = node_ != nullptr && operation.domain().empty() &&
                   operation.name() == node_->op_type;
  tracing_->record(node_ != nullptr ? label(*node_) : "an output of the model",
                   own ? node_->op_type : "", operation, inputs, input_tensors, outputs,
                   output_tensors);
  return Ran::kDevice;  // The plan counts what turns out otherwise.
}

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
    shapes.push_back(
        {inputs[i].dtype, inputs[i].dims, inputs[i].host ? inputs[i].address : nullptr});
  }
  const std::span<const InferredOutput> inferred = node.inference->outputs(shapes);
  if (node.op_type == "NonZero") return run_nonzero(node, std::move(inputs[0]), fold, values);
  for (const InferredOutput& output : inferred) {
    if (std::find(output.dims.begin(), output.dims.end(), kUnknownDim) != output.dims.end())
      throw Error(TN_UNSUPPORTED, "", "the dims of its output depend on data");
    check_dims(output);
  }

  PlacementRow& row = (*counting_)[node.op_type];
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

// Only the data says how many columns there are: there is room for all, and what is used is a view.
void Executor::run_nonzero(const Node& node, Tensor input, bool fold, Values& values) {
  const bool host = fold || input.host;
  if (!host && tracing_ != nullptr) throw DependsOnValues();
  const auto rank = static_cast<int64_t>(input.dims.size());
  if (rank == 0) {  // Has no index to write, but a column for it all the same.
    input.dims = {1};
    input.strides = {1};
  }
  if (host && !input.host) input = on_host(input);
  Tensor indices = allocate(TN_INT64, {std::max<int64_t>(rank, 1), input.count()}, host);
  int64_t found[2] = {rank, 0};
  int64_t* const output_dims[] = {found};
  const Argument in = input.argument();
  const Argument out = indices.argument();
  Device& device = host ? reference_ : device_;
  Stream& stream = host ? *host_stream_ : *stream_;
  const Ran ran = device.run(*node.operation, {&in, 1}, {&out, 1}, stream, output_dims);
  stream.synchronize();
  indices.dims = {rank, found[1]};
  PlacementRow& row = (*counting_)[node.op_type];
  if (!fold) ++(host ? row.host : ran == Ran::kFallback ? row.fallback : row.device);
  values[static_cast<size_t>(node.outputs[0])] = std::move(indices);
}

void Executor::run_view(const Node& node, std::span<Tensor> inputs,
                        std::span<const InferredOutput> inferred, Values& values) {
  auto set = [&](size_t output, Tensor tensor) {
    if (output < node.outputs.size() && node.outputs[output] != kNoValue)
      values[static_cast<size_t>(node.outputs[output])] = std::move(tensor);
  };
  if (node.op_type == "Shape") {
    const int64_t rank = static_cast<int64_t>(inputs[0].dims.size());
    int64_t start = 0;
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
      // A constant that is needed on both sides is brought over once.
      const ValueIndex index = node.inputs[i];
      const bool constant = constants_[static_cast<size_t>(index)].present();
      auto found = device_constants_.find(index);
      if (found == device_constants_.end()) {
        input = on_device(input);
        if (constant) device_constants_.emplace(index, input);
      } else {
        input = found->second;
      }
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
    const Operation operation(node.op_type,
                              explicit_pads(node.attributes, inputs[0].dims,
                                            inputs.size() > 1 ? inputs[1].dims : inputs[0].dims));
    ran = run_on(on_the_host, operation, in, inputs, out, outputs);
  } else {
    ran = run_on(on_the_host, *node.operation, in, inputs, out, outputs);
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    if (node.outputs[i] != kNoValue)
      values[static_cast<size_t>(node.outputs[i])] = std::move(outputs[i]);
  return ran;
}

// ---- Moving values ----

Tensor Executor::host_vector(std::span<const int64_t> values) {
  Tensor tensor = allocate_tensor(reference_, *host_stream_, TN_INT64,
                                  {static_cast<int64_t>(values.size())}, true);
  if (!values.empty()) std::memcpy(tensor.address, values.data(), values.size_bytes());
  return tensor;
}

Tensor Executor::dense(const Tensor& tensor) {
  if (tensor.dense()) return tensor;
  Tensor copy = allocate(tensor.dtype, tensor.dims, tensor.host);
  const Argument in = tensor.argument();
  const Argument out = copy.argument();
  run_on(tensor.host, identity(), {&in, 1}, {&tensor, 1}, {&out, 1}, {&copy, 1});
  return copy;
}

Tensor Executor::on_device(const Tensor& tensor) {
  if (!tensor.host) return tensor;
  const Tensor source = dense(tensor);
  Tensor copy = allocate_tensor(device_, *stream_, tensor.dtype, tensor.dims, false);
  if (copy.address != nullptr) {
    device_.copy_to_device(copy.address, source.address, source.bytes(), *stream_);
    in_flight_.push_back(source);
  }
  return copy;
}

Tensor Executor::on_host(const Tensor& tensor) {
  if (tensor.host) return tensor;
  if (tracing_ != nullptr && Trace::is_traced(tensor)) throw DependsOnValues();
  const Tensor source = dense(tensor);
  if (tracing_ != nullptr && Trace::is_traced(source)) throw DependsOnValues();
  Tensor copy = allocate_tensor(reference_, *host_stream_, tensor.dtype, tensor.dims, true);
  if (copy.address != nullptr) {
    device_.copy_to_host(copy.address, source.address, source.bytes(), *stream_);
    stream_->synchronize();
  }
  return copy;
}

Tensor Executor::bring(const HostTensor& tensor, bool host) {
  Tensor copy = allocate_tensor(host ? reference_ : device_, host ? *host_stream_ : *stream_,
                                tensor.dtype, tensor.dims, host);
  if (copy.address == nullptr) return copy;
  if (host)
    std::memcpy(copy.address, tensor.data.data(), tensor.data.size());
  else  // `tensor` belongs to the caller of run(), which ends with a synchronize.
    device_.copy_to_device(copy.address, tensor.data.data(), tensor.data.size(), *stream_);
  return copy;
}

HostTensor Executor::take(const Tensor& tensor) {
  const Tensor source = dense(tensor);
  HostTensor result;
  result.dtype = source.dtype;
  result.dims = source.dims;
  result.data.resize(source.bytes());
  if (!result.data.empty() && source.host)
    std::memcpy(result.data.data(), source.address, result.data.size());
  else if (!result.data.empty())
    device_.copy_to_host(result.data.data(), source.address, result.data.size(), *stream_);
  stream_->synchronize();
  return result;
}

std::vector<PlacementRow> Executor::placement() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PlacementRow> rows;
  Placement total = placement_;
  for (const Planned& planned : plans_) add(total, planned);
  for (const auto& [op, row] : total) {
    rows.push_back(row);
    rows.back().op = op;
  }
  return rows;
}

ModelStatistics Executor::statistics() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  ModelStatistics statistics = statistics_;
  statistics.plans_kept = plans_.size();
  statistics.packed_constants = packed_.size();
  if (!plans_.empty()) statistics.latest = plans_.front().plan->statistics();
  return statistics;
}

}  // namespace tenon::runtime::onnx_import

namespace tenon::runtime {

std::unique_ptr<Model> Model::parse(Context& context, Device& device, std::string_view bytes,
                                    const ModelOptions& options) {
  using onnx_import::Executor;
  const std::string folder = options.base_folder.empty() ? "." : options.base_folder;
  auto plain =
      std::make_unique<Executor>(context, device, onnx_import::import_model(bytes, folder));
  if (plain->defaults().empty()) return plain;
  return std::make_unique<onnx_import::ModelWithDefaults>(context, device, std::string(bytes),
                                                          folder, std::move(plain));
}

std::unique_ptr<Model> Model::load(Context& context, Device& device, const std::string& path,
                                   const ModelOptions& options) {
  const std::string bytes = read_file(path);
  ModelOptions with_folder = options;
  if (with_folder.base_folder.empty()) {
    const size_t slash = path.rfind('/');
    with_folder.base_folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  }
  try {
    return parse(context, device, bytes, with_folder);
  } catch (const Error& e) {
    throw Error(e.status(), e.rule(), "'" + path + "': " + e.message());
  }
}

}  // namespace tenon::runtime
