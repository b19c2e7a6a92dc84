// SPDX-License-Identifier: Apache-2.0
//
// Where dims depend on values, a graph cannot be planned as a whole: its nodes fall into stages,
// each of which can be planned once the values that it starts from are there.
#pragma once

#include <set>
#include <vector>

#include "runtime/onnx/graph.h"

namespace tenon::runtime::onnx_import {

// Nodes are named by their place in Graph::nodes, and stay in that order.
struct Stage {
  // Run one by one, on what the stages before have computed: a NonZero, a Reshape to dims that the
  // device computed. Their outputs have known dims then.
  std::vector<size_t> alone;
  // What follows without another such node in between: a plan.
  std::vector<size_t> together;
  std::vector<ValueIndex> inputs;   // That `together` reads and does not compute.
  std::vector<ValueIndex> outputs;  // That it computes for others.
};

// `cuts` are the nodes that have to run alone. There is at least one stage. In a body, whose inputs
// are where their makers left them, the first stage may begin with such nodes.
std::vector<Stage> make_stages(const Graph& graph, const std::set<size_t>& cuts, bool is_body);

}  // namespace tenon::runtime::onnx_import
