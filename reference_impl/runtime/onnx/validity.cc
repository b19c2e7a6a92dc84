// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/validity.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "runtime/onnx/operator_versions.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// Nodes once all functions are in the place of their calls. Large models have some 10^5.
constexpr uint64_t kMostNodes = 10'000'000;

[[noreturn]] void invalid(const std::string& what) {
  throw Error(TN_INVALID_ARGUMENT, "", "not a valid ONNX model: " + what);
}

void check_opsets(const onnx::ModelProto& model) {
  std::map<std::string, int64_t> seen;
  for (const auto& import : model.opset_import()) {
    const std::string domain = normal_domain(import.domain());
    const auto [found, first] = seen.emplace(domain, import.version());
    if (!first && found->second != import.version())
      invalid("it imports the domain '" + domain + "' in versions " +
              std::to_string(found->second) + " and " + std::to_string(import.version()));
    if (domain.empty() && import.version() > registry_opset())
      throw Error(TN_UNSUPPORTED, "",
                  "the model is of opset " + std::to_string(import.version()) +
                      "; the newest known is " + std::to_string(registry_opset()) +
                      ": export it for that");
  }
}

void check_inputs(const onnx::GraphProto& graph) {
  for (const auto& input : graph.input())
    for (const auto& dim : input.type().tensor_type().shape().dim())
      if (dim.has_dim_value() && dim.dim_value() < 0)
        invalid("input '" + input.name() + "' has a dim of " + std::to_string(dim.dim_value()));
}

// How many nodes the calls of a model's own functions come to.
class NodeCount {
 public:
  explicit NodeCount(const onnx::ModelProto& model) {
    for (const auto& function : model.functions())
      functions_[key(function.domain(), function.name())].function = &function;
  }

  uint64_t of(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
    uint64_t count = 0;
    for (const auto& node : nodes) {
      count += of(node);
      if (count > kMostNodes)
        invalid("with its functions in the place of their calls it has more than " +
                std::to_string(kMostNodes) + " nodes");
    }
    return count;
  }

 private:
  struct Entry {
    const onnx::FunctionProto* function = nullptr;
    uint64_t count = 0;  // 0: not counted yet.
    bool open = false;
  };

  static std::string key(const std::string& domain, const std::string& name) {
    return normal_domain(domain) + "." + name;
  }

  uint64_t of(const onnx::NodeProto& node) {
    uint64_t count = 1;
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) count += of(attribute.g().node());
      for (const auto& graph : attribute.graphs()) count += of(graph.node());
    }
    const auto found = functions_.find(key(node.domain(), node.op_type()));
    return found == functions_.end() ? count : count + of(found->first, found->second);
  }

  uint64_t of(const std::string& name, Entry& entry) {
    if (entry.count != 0) return entry.count;
    if (entry.open) invalid("its function '" + name + "' calls itself");
    constexpr size_t kMostCalls = 500;  // Inside each other: the stack has to hold them.
    if (depth_ == kMostCalls)
      invalid("its functions call each other more than " + std::to_string(kMostCalls) + " deep");
    entry.open = true;
    ++depth_;
    entry.count = 1 + of(entry.function->node());
    --depth_;
    entry.open = false;
    return entry.count;
  }

  std::map<std::string, Entry> functions_;
  size_t depth_ = 0;
};

}  // namespace

void check_validity(const onnx::ModelProto& model) {
  check_opsets(model);
  check_inputs(model.graph());
  NodeCount count(model);
  count.of(model.graph().node());
  for (const auto& function : model.functions()) count.of(function.node());
}

}  // namespace tenon::runtime::onnx_import
