// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/executor.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <cstring>
#include <set>

#include "runtime/onnx/data_dims.h"
#include "runtime/onnx/defaults.h"
#include "runtime/onnx/executor_parts.h"
#include "runtime/onnx/fold_batch_norm.h"
#include "runtime/settle.h"

namespace tenon::runtime::onnx_import {
namespace {

std::string describe(const ModelValue& value) {
  std::string text = "[";
  for (size_t i = 0; i < value.dims.size(); ++i) {
    if (i > 0) text += ", ";
    text += value.dims[i] >= 0 ? std::to_string(value.dims[i])
                               : (value.symbols[i].empty() ? "?" : value.symbols[i]);
  }
  return text + "]";
}

std::string kind(bool sequence, tn_dtype dtype) {
  return (sequence ? std::string("a sequence of ") : std::string()) + type_name(dtype);
}

// Against what the model declares; its own dims are bound by name across inputs.
void check_input(const ModelValue& expected, const HostTensor& given,
                 std::map<std::string, int64_t>& bound) {
  auto fail = [&](const std::string& what) {
    throw Error(TN_INVALID_ARGUMENT, "",
                "input '" + expected.name + "' " + what + ": the model wants " +
                    kind(expected.sequence, expected.dtype) + " " + describe(expected) +
                    ", given " + kind(given.items.has_value(), given.dtype) + " " +
                    dims_text(given.dims));
  };
  if (!given.present() && expected.optional) return;
  if (given.dtype != expected.dtype) fail("has the wrong element type");
  if (given.items.has_value() != expected.sequence)
    fail(expected.sequence ? "is no sequence" : "is a sequence");
  if (expected.sequence) {  // Its tensors have any dims.
    for (const HostTensor& item : *given.items) {
      ModelValue like;
      like.name = expected.name;
      like.dtype = expected.dtype;
      like.dims.assign(item.dims.size(), -1);
      like.symbols.resize(item.dims.size());
      check_input(like, item, bound);
    }
    return;
  }
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
  if (given.dtype == kStrings && given.strings.size() != static_cast<size_t>(*count))
    fail("holds " + std::to_string(given.strings.size()) + " strings, which its dims do not");
  if (given.data.size() != (static_cast<size_t>(*count) * tn_dtype_bits(given.dtype) + 7) / 8)
    fail("holds " + std::to_string(given.data.size()) + " bytes, which its dims do not");
}

}  // namespace

Executor::Shared::Shared(ManagedDevice& device, ManagedDevice& reference)
    : stream(device.create_stream()),
      host_stream(reference.create_stream()),
      packed(device.handle(), *stream),
      random_key(onnx_import::random_key()) {}

Executor::Executor(Context& context, ManagedDevice& device, Graph graph)
    : device_(device),
      reference_(context.reference()),
      shared_(std::make_shared<Shared>(device_, reference_)),
      stream_(shared_->stream.get()),
      host_stream_(shared_->host_stream.get()),
      is_body_(false),
      graph_(std::move(graph)) {
  make_ready({});
  shared_->uploaded.clear();
}

Executor::Executor(Executor& parent, Graph graph, std::span<const Tensor> constants)
    : device_(parent.device_),
      reference_(parent.reference_),
      shared_(parent.shared_),
      stream_(parent.stream_),
      host_stream_(parent.host_stream_),
      is_body_(true),
      graph_(std::move(graph)) {
  make_ready(constants);
}

void Executor::make_ready(std::span<const Tensor> constants) {
  plain_ = std::ranges::all_of(graph_.input_info, &ModelValue::plain) &&
           std::ranges::all_of(graph_.output_info, &ModelValue::plain);
  fold_constants(constants);
  upload_constants();
  cuts_ = nodes_of_the_host();
  for (size_t n = 0; n < graph_.nodes.size(); ++n)
    if (depends_on_data(graph_.nodes[n].op_type) || draws_anew(graph_.nodes[n])) cuts_.insert(n);
  divide(0);
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
void Executor::fold_constants(std::span<const Tensor> given) {
  const SettleOnExit settle(*stream_), settle_host(*host_stream_);
  if (const size_t folded = fold_batch_norm(graph_); folded != 0)
    placement_["BatchNormalization"].folded += folded;
  constants_.resize(graph_.values.size());
  // Weights wait until it is known where they are needed.
  constexpr size_t kWeight = 1 << 16;
  for (size_t i = 0; i < graph_.values.size(); ++i) {
    const auto& constant = graph_.values[i].constant;
    if (constant && constant->data.size() < kWeight)
      bring_constant(static_cast<ValueIndex>(i), true);
  }
  for (size_t i = 0; i < given.size(); ++i)
    if (given[i].present()) constants_[static_cast<size_t>(graph_.inputs[i])] = given[i];
  std::vector<Node> rest;
  for (Node& node : graph_.nodes) {
    make_bodies(node);
    const bool constant =
        !node.sequence && !draws_anew(node) && std::ranges::all_of(node.inputs, [&](ValueIndex i) {
          return i == kNoValue || is_constant(i);
        });
    if (!constant) {
      rest.push_back(std::move(node));
      continue;
    }
    for (const ValueIndex input : node.inputs) bring_constant(input, true);
    Values values(graph_.values.size());
    run_node(node, values, true);
    host_stream_->synchronize();
    if (std::ranges::any_of(values, [](const Tensor& value) { return value.items != nullptr; })) {
      rest.push_back(std::move(node));  // A sequence stays with the values of a run.
      continue;
    }
    for (ValueIndex output : node.outputs)
      if (output != kNoValue)
        constants_[static_cast<size_t>(output)] = values[static_cast<size_t>(output)];
    ++placement_[node.op_type].folded;
    for (const Body& body : node.bodies) bodies_.erase(body.graph.get());
  }
  graph_.nodes = std::move(rest);
}

bool Executor::is_constant(ValueIndex index) const {
  const auto i = static_cast<size_t>(index);
  return constants_[i].present() || graph_.values[i].constant.has_value();
}

// One that has not been brought yet, if it is one.
void Executor::bring_constant(ValueIndex index, bool host) {
  if (index == kNoValue) return;
  auto& constant = graph_.values[static_cast<size_t>(index)].constant;
  if (!constant) return;
  constants_[static_cast<size_t>(index)] = bring(*constant, host);
  if (!host) stream_->synchronize();
  constant.reset();
}

void Executor::upload_constants() {
  const SettleOnExit settle(*stream_);
  // Weights go to the device now, and the host's copy goes away where no node reads it there.
  std::set<ValueIndex> host_needed(graph_.outputs.begin(), graph_.outputs.end());
  std::set<ValueIndex> needed;
  for (const Node& node : graph_.nodes)
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoValue || !is_constant(node.inputs[i])) continue;
      needed.insert(node.inputs[i]);
      if (node.host_inputs[i]) host_needed.insert(node.inputs[i]);
    }
  for (size_t i = 0; i < constants_.size(); ++i) {
    const ValueIndex index = static_cast<ValueIndex>(i);
    if (host_needed.contains(index))
      bring_constant(index, true);
    else if (needed.contains(index))
      bring_constant(index, false);
    graph_.values[i].constant.reset();
    if (!constants_[i].present() || !constants_[i].host || host_needed.contains(index)) continue;
    if (constants_[i].dtype == kStrings) continue;
    if (!needed.contains(index)) {
      constants_[i] = {};
    } else if (!is_index_type(constants_[i].dtype) || constants_[i].count() > kMostHostElements) {
      auto& [kept, copy] = shared_->uploaded[constants_[i].address];
      if (!copy.present() || copy.dims != constants_[i].dims || copy.dtype != constants_[i].dtype) {
        kept = constants_[i];
        copy = on_device(constants_[i]);
      }
      constants_[i] = copy;
    }
  }
  stream_->synchronize();
  shared_->in_flight.clear();
}

std::vector<HostTensor> Executor::run(const std::map<std::string, HostTensor>& inputs) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const SettleOnExit settle(*stream_), settle_host(*host_stream_);
  std::map<std::string, int64_t> bound;
  std::vector<const HostTensor*> given;
  for (const ModelValue& info : graph_.input_info) {
    auto found = inputs.find(info.name);
    static const HostTensor nothing;
    if (found == inputs.end() && !info.optional)
      throw Error(TN_INVALID_ARGUMENT, "",
                  "input '" + info.name + "' is missing: " + kind(info.sequence, info.dtype) + " " +
                      describe(info));
    given.push_back(found == inputs.end() ? &nothing : &found->second);
    check_input(info, *given.back(), bound);
  }
  for (const auto& [name, tensor] : inputs)
    if (std::none_of(graph_.input_info.begin(), graph_.input_info.end(),
                     [&](const ModelValue& v) { return v.name == name; }))
      throw Error(TN_INVALID_ARGUMENT, "", "the model has no input '" + name + "'");

  try {
    while (whole()) {
      const Key key = key_of(given);
      Planned* planned = find_plan(0, key);
      if (planned == nullptr) planned = make_plan(0, key, shapes_of(given));
      if (planned != nullptr) return run_planned(*planned, given);
    }
    return run_stages(given);
  } catch (const std::bad_alloc&) {
    throw Error(TN_OUT_OF_MEMORY, "", "the host has no memory left for the model's values");
  }
}

std::vector<PlacementRow> Executor::placement() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PlacementRow> rows;
  Placement total;
  add_placement(total);
  for (const auto& [op, row] : total) {
    rows.push_back(row);
    rows.back().op = op;
  }
  return rows;
}

void Executor::add_placement(Placement& total) const {
  for (const auto& [op, row] : placement_) {
    PlacementRow& to = total[op];
    to.device += row.device;
    to.fallback += row.fallback;
    to.host += row.host;
    to.view += row.view;
    to.folded += row.folded;
  }
  for (const PlannedStage& stage : stages_)
    for (const Planned& planned : stage.plans) add(total, planned);
  for (const auto& [graph, body] : bodies_) body->add_placement(total);
}

ModelStatistics Executor::statistics() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  ModelStatistics statistics;
  statistics.packed_constants = shared_->packed.size();
  add_statistics(statistics);
  return statistics;
}

void Executor::add_statistics(ModelStatistics& statistics) const {
  statistics.plans_made += statistics_.plans_made;
  statistics.interpreted_runs += statistics_.interpreted_runs;
  for (const PlannedStage& stage : stages_) {
    statistics.plans_kept += stage.plans.size();
    if (stage.plans.empty()) continue;
    const PlanStatistics one = stage.plans.front().plan->statistics();
    statistics.latest.launches += one.launches;
    statistics.latest.reorders += one.reorders;
    statistics.latest.calls += one.calls;
    statistics.latest.memory_bytes += one.memory_bytes;
  }
  for (const auto& [graph, body] : bodies_) body->add_statistics(statistics);
}

}  // namespace tenon::runtime::onnx_import

namespace tenon::runtime {
namespace {

std::unique_ptr<Model> prepare(Context& context, ManagedDevice& device,
                               const onnx_import::ModelBytes& bytes, const std::string& folder) {
  using onnx_import::Executor;
  auto plain =
      std::make_unique<Executor>(context, device, onnx_import::import_model(bytes, folder));
#ifdef __GLIBC__
  // Weights passed through the heap, piece by piece: what lies between the rest goes back.
  ::malloc_trim(0);
#endif
  if (plain->defaults().empty()) return plain;
  return std::make_unique<onnx_import::ModelWithDefaults>(context, device, bytes.kept(), folder,
                                                          std::move(plain));
}

}  // namespace

std::unique_ptr<Model> Model::parse(Context& context, ManagedDevice& device, std::string_view bytes,
                                    const ModelOptions& options) {
  return prepare(context, device, onnx_import::ModelBytes(bytes),
                 options.base_folder.empty() ? "." : options.base_folder);
}

std::unique_ptr<Model> Model::load(Context& context, ManagedDevice& device, const std::string& path,
                                   const ModelOptions& options) {
  const auto bytes = onnx_import::ModelBytes::of_file(path);
  std::string folder = options.base_folder;
  if (folder.empty()) {
    const size_t slash = path.rfind('/');
    folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  }
  try {
    return prepare(context, device, bytes, folder);
  } catch (const Error& e) {
    throw Error(e.status(), e.rule(), "'" + path + "': " + e.message());
  }
}

}  // namespace tenon::runtime
