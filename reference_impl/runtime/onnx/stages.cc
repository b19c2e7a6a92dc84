// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/stages.h"

#include <algorithm>
#include <iterator>

namespace tenon::runtime::onnx_import {
namespace {

// Every node runs in the first stage in which all that it reads is there.
class StageMaker {
 public:
  StageMaker(const Graph& graph, const std::set<size_t>& cuts, bool is_body)
      : graph_(graph), cuts_(cuts), is_body_(is_body), stage_of_(graph.values.size(), 0) {}

  std::vector<Stage> make() {
    std::vector<Stage> stages(1);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      const bool alone = cuts_.contains(n);
      size_t at = alone && !is_body_ ? 1 : 0;
      for (const ValueIndex input : node.inputs)
        if (input != kNoValue)
          at = std::max(at, stage_of(input) + (alone && is_behind(input) ? 1 : 0));
      if (at >= stages.size()) stages.resize(at + 1);
      (alone ? stages[at].alone : stages[at].together).push_back(n);
      for (const ValueIndex output : node.outputs)
        if (output != kNoValue) {
          stage_of(output) = at;
          if (!alone) planned_.insert(output);
        }
    }
    for (Stage& stage : stages) find_borders(stage);
    return stages;
  }

 private:
  // Whether a node that runs alone and reads the value has to wait for the next stage.
  bool is_behind(ValueIndex value) const { return !is_body_ || planned_.contains(value); }

  size_t& stage_of(ValueIndex value) { return stage_of_[static_cast<size_t>(value)]; }

  void find_borders(Stage& stage) {
    const std::set<size_t> own(stage.together.begin(), stage.together.end());
    std::set<ValueIndex> computed;
    std::set<ValueIndex> read;
    for (const size_t n : stage.together) {
      for (const ValueIndex input : graph_.nodes[n].inputs)
        if (input != kNoValue && !computed.contains(input)) read.insert(input);
      for (const ValueIndex output : graph_.nodes[n].outputs)
        if (output != kNoValue) computed.insert(output);
    }
    stage.inputs.assign(read.begin(), read.end());
    std::set<ValueIndex> wanted(graph_.outputs.begin(), graph_.outputs.end());
    for (size_t n = 0; n < graph_.nodes.size(); ++n)
      if (!own.contains(n))
        wanted.insert(graph_.nodes[n].inputs.begin(), graph_.nodes[n].inputs.end());
    std::set_intersection(computed.begin(), computed.end(), wanted.begin(), wanted.end(),
                          std::back_inserter(stage.outputs));
  }

  const Graph& graph_;
  const std::set<size_t>& cuts_;
  const bool is_body_;
  std::vector<size_t> stage_of_;  // By value.
  std::set<ValueIndex> planned_;  // Computed by nodes that do not run alone.
};

}  // namespace

std::vector<Stage> make_stages(const Graph& graph, const std::set<size_t>& cuts, bool is_body) {
  return StageMaker(graph, cuts, is_body).make();
}

}  // namespace tenon::runtime::onnx_import
