// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/fold_batch_norm.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <span>

#include "runtime/onnx/attribute_default.h"

namespace tenon::runtime::onnx_import {
namespace {

constexpr size_t kGraphOutput = SIZE_MAX;

std::span<const float> floats(const HostTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.data.data()), tensor.data.size() / sizeof(float)};
}

HostTensor make_tensor(const std::vector<int64_t>& dims, const std::vector<float>& values) {
  HostTensor tensor;
  tensor.dtype = TN_FLOAT32;
  tensor.dims = dims;
  tensor.data.resize(values.size() * sizeof(float));
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return tensor;
}

class Folder {
 public:
  explicit Folder(Graph& graph) : graph_(graph) {
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
      for (ValueIndex input : graph.nodes[n].inputs)
        if (input != kNoValue) readers_[input].push_back(n);
    }
    for (ValueIndex output : graph.outputs) readers_[output].push_back(kGraphOutput);
  }

  size_t run() {
    std::vector<bool> gone(graph_.nodes.size());
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      Node& conv = graph_.nodes[n];
      if (conv.op_type != "Conv" || conv.outputs.size() != 1) continue;
      const auto& readers = readers_[conv.outputs[0]];
      if (readers.size() != 1 || readers[0] == kGraphOutput) continue;
      const Node& norm = graph_.nodes[readers[0]];
      if (norm.inputs[0] != conv.outputs[0] || !fold(conv, norm)) continue;
      conv.outputs[0] = norm.outputs[0];
      gone[readers[0]] = true;
    }
    std::vector<Node> rest;
    for (size_t n = 0; n < graph_.nodes.size(); ++n)
      if (!gone[n]) rest.push_back(std::move(graph_.nodes[n]));
    const size_t folded = graph_.nodes.size() - rest.size();
    graph_.nodes = std::move(rest);
    return folded;
  }

 private:
  // Null unless it is a constant of float32 with `count` elements (0: any).
  const HostTensor* constant(ValueIndex index, int64_t count) const {
    if (index == kNoValue) return nullptr;
    const auto& tensor = graph_.values[static_cast<size_t>(index)].constant;
    if (!tensor || tensor->dtype != TN_FLOAT32) return nullptr;
    return count == 0 || tensor->count() == count ? &*tensor : nullptr;
  }

  ValueIndex add(std::string name, HostTensor tensor) {
    graph_.values.push_back({std::move(name), std::move(tensor)});
    return static_cast<ValueIndex>(graph_.values.size() - 1);
  }

  bool fold(Node& conv, const Node& norm) {
    if (norm.op_type != "BatchNormalization" || norm.outputs.size() != 1) return false;
    float epsilon = default_real("BatchNormalization", "epsilon");
    for (const Attribute& a : norm.attributes) {
      if (a.name == "epsilon") epsilon = std::get<float>(a.value);
      if (a.name == "training_mode" && std::get<int64_t>(a.value) != 0) return false;
    }
    const HostTensor* weights = constant(conv.inputs[1], 0);
    if (weights == nullptr || weights->dims.empty() || weights->dims[0] == 0) return false;
    const int64_t filters = weights->dims[0];
    const HostTensor* parameters[4];
    for (size_t i = 0; i < 4; ++i) {
      parameters[i] = constant(norm.inputs[i + 1], filters);
      if (parameters[i] == nullptr) return false;
    }
    const bool has_bias = conv.inputs.size() > 2 && conv.inputs[2] != kNoValue;
    const HostTensor* bias = has_bias ? constant(conv.inputs[2], filters) : nullptr;
    if (has_bias && bias == nullptr) return false;

    const auto old = floats(*weights);
    std::vector<float> scaled(old.begin(), old.end());
    std::vector<float> shift(static_cast<size_t>(filters));
    const size_t per_filter = scaled.size() / shift.size();
    for (size_t m = 0; m < shift.size(); ++m) {
      const auto at = [&](size_t i) { return static_cast<double>(floats(*parameters[i])[m]); };
      const double factor = at(0) / std::sqrt(at(3) + static_cast<double>(epsilon));
      const double before = bias != nullptr ? static_cast<double>(floats(*bias)[m]) : 0;
      shift[m] = static_cast<float>((before - at(2)) * factor + at(1));
      for (size_t i = m * per_filter; i < (m + 1) * per_filter; ++i)
        scaled[i] = static_cast<float>(static_cast<double>(scaled[i]) * factor);
    }
    // A variance so small or wrong that float32 has no such weights stays visible where it is.
    if (!std::all_of(scaled.begin(), scaled.end(), [](float f) { return std::isfinite(f); }) ||
        !std::all_of(shift.begin(), shift.end(), [](float f) { return std::isfinite(f); }))
      return false;
    const std::vector<int64_t> dims = weights->dims;  // add() moves what `weights` points to.
    conv.inputs.resize(3, kNoValue);
    conv.host_inputs.resize(3, false);
    conv.inputs[1] = add(conv.name + "/weights", make_tensor(dims, scaled));
    conv.inputs[2] = add(conv.name + "/bias", make_tensor({filters}, shift));
    return true;
  }

  Graph& graph_;
  std::map<ValueIndex, std::vector<size_t>> readers_;
};

}  // namespace

size_t fold_batch_norm(Graph& graph) { return Folder(graph).run(); }

}  // namespace tenon::runtime::onnx_import
