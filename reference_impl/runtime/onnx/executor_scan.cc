// SPDX-License-Identifier: Apache-2.0
//
// Scan: a body along an axis of its inputs. Before opset 9, for each element of a batch.
#include <algorithm>

#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"
#include "runtime/onnx/executor_stack.h"

namespace tenon::runtime::onnx_import {
namespace {

constexpr int64_t kMostNodesWrittenOut = 256;

// A list attribute with a number for each of `count` values; zeros where it is not given.
std::vector<int64_t> numbers_of(const Node& node, const std::string& name, size_t count) {
  const auto list = given_attribute<std::vector<int64_t>>(node, name);
  if (!list || list->empty()) return std::vector<int64_t>(count, 0);
  if (list->size() != count)
    refuse("its attribute '" + name + "' has " + std::to_string(list->size()) + " numbers where " +
           std::to_string(count) + " are needed");
  return *list;
}

bool backwards(int64_t direction) {
  if (direction != 0 && direction != 1)
    refuse("its direction is " + std::to_string(direction) + "; it must be 0 or 1");
  return direction == 1;
}

// How the values of a Scan divide.
struct Division {
  size_t states = 0;
  size_t scanned = 0;
  size_t stacked = 0;
};

Division divide_values(const Node& node, size_t first, size_t body_outputs) {
  const int64_t scanned = given_attribute<int64_t>(node, "num_scan_inputs").value_or(0);
  const auto given = static_cast<int64_t>(node.own_inputs) - static_cast<int64_t>(first);
  if (scanned < 1 || scanned > given)
    refuse("num_scan_inputs is " + std::to_string(scanned) + ", and it has " +
           std::to_string(given) + " inputs");
  Division division;
  division.scanned = static_cast<size_t>(scanned);
  division.states = static_cast<size_t>(given - scanned);
  const Body& body = node.bodies[0];
  if (body.formal != static_cast<size_t>(given))
    refuse("its body has " + std::to_string(body.formal) + " inputs where " +
           std::to_string(given) + " are needed");
  if (body_outputs < division.states)
    refuse("its body has " + std::to_string(body_outputs) + " outputs, fewer than it has states");
  division.stacked = body_outputs - division.states;
  return division;
}

}  // namespace

std::vector<Tensor> Executor::run_scan(const Node& node, std::span<Tensor> inputs, bool fold) {
  const Executor& body = *bodies_.at(node.bodies[0].graph.get());
  const auto [states, scanned, stacked] = divide_values(node, 0, body.graph_.outputs.size());
  std::vector<int64_t> axes = numbers_of(node, "scan_input_axes", scanned);
  const std::vector<int64_t> directions = numbers_of(node, "scan_input_directions", scanned);
  int64_t length = -1;
  for (size_t i = 0; i < scanned; ++i) {
    const Tensor& input = inputs[states + i];
    const auto rank = static_cast<int64_t>(input.dims.size());
    if (axes[i] < -rank || axes[i] >= rank)
      refuse("scan input axis " + std::to_string(axes[i]) + " is out of range for rank " +
             std::to_string(rank));
    if (axes[i] < 0) axes[i] += rank;
    const int64_t dim = input.dims[static_cast<size_t>(axes[i])];
    if (length >= 0 && dim != length)
      refuse("its scan inputs have lengths " + std::to_string(length) + " and " +
             std::to_string(dim) + "; they must be the same");
    length = dim;
  }
  if (recording_ != nullptr &&
      length > kMostNodesWrittenOut / (static_cast<int64_t>(body.graph_.nodes.size()) + 1))
    throw DependsOnValues();
  std::vector<Stack> stacks;
  const std::vector<int64_t> output_axes = numbers_of(node, "scan_output_axes", stacked);
  const std::vector<int64_t> output_directions =
      numbers_of(node, "scan_output_directions", stacked);
  for (size_t i = 0; i < stacked; ++i)
    stacks.emplace_back(*this, Stack::Form{output_axes[i], length, backwards(output_directions[i])},
                        fold);
  std::vector<Tensor> carried(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(states));
  for (Tensor& state : carried) state = carry(std::move(state), fold);
  for (int64_t t = 0; t < length; ++t) {
    std::vector<Tensor> formal = carried;
    for (size_t i = 0; i < scanned; ++i) {
      const int64_t at = backwards(directions[i]) ? length - 1 - t : t;
      formal.push_back(part_of(inputs[states + i], static_cast<size_t>(axes[i]), at));
      formal.back().varies = formal.back().host && recording_ == nullptr && !fold;
    }
    std::vector<Tensor> outputs = call_body(node, 0, formal, inputs, fold);
    for (size_t s = 0; s < states; ++s) carried[s] = carry(std::move(outputs[s]), fold);
    for (size_t s = 0; s < stacked; ++s) stacks[s].push(std::move(outputs[states + s]));
  }
  for (size_t s = 0; s < stacked; ++s)
    carried.push_back(stacks[s].finish(body.graph_.output_info[states + s]));
  return carried;
}

// Opset 8: each element of the batch has states of its own and a length of its own.
std::vector<Tensor> Executor::run_batches(const Node& node, std::span<Tensor> inputs, bool fold) {
  if (recording_ != nullptr) throw DependsOnValues();
  const Executor& body = *bodies_.at(node.bodies[0].graph.get());
  const auto [states, scanned, stacked] = divide_values(node, 1, body.graph_.outputs.size());
  const std::vector<int64_t> directions = numbers_of(node, "directions", scanned);
  const auto dim = [&](size_t input, size_t axis) {
    if (inputs[input].dims.size() <= axis)
      refuse("its input " + std::to_string(input) + " has rank " +
             std::to_string(inputs[input].dims.size()) + ", without a batch" +
             (axis == 0 ? "" : " of sequences"));
    return inputs[input].dims[axis];
  };
  const size_t first_scanned = 1 + states;
  const int64_t batch = dim(first_scanned, 0);
  const int64_t longest = dim(first_scanned, 1);
  for (size_t i = 1; i < node.own_inputs; ++i)
    if (dim(i, 0) != batch || (i >= first_scanned && dim(i, 1) != longest))
      refuse("its inputs are not of one batch and one length: input " + std::to_string(i) +
             " has dims " + dims_text(inputs[i].dims));
  if (inputs[0].present() && inputs[0].count() != batch)
    refuse("sequence_lens has " + std::to_string(inputs[0].count()) + " elements where " +
           std::to_string(batch) + " are needed");
  std::vector<Stack> ends(states, Stack(*this, {0, batch}, fold));
  std::vector<Stack> stacks(stacked, Stack(*this, {0, batch}, fold));
  for (int64_t b = 0; b < batch; ++b) {
    std::vector<Tensor> carried;
    for (size_t s = 0; s < states; ++s)
      carried.push_back(carry(part_of(inputs[1 + s], 0, b), fold));
    int64_t length = longest;
    if (inputs[0].present()) {
      Tensor lengths = on_host(inputs[0]);
      length = read_integer(part_of(lengths, 0, b), "sequence length");
      if (length < 0 || length > longest)
        refuse("sequence length " + std::to_string(length) + " is not among 0 to " +
               std::to_string(longest));
    }
    std::vector<Stack> rows(stacked, Stack(*this, {0, longest}, fold));
    for (int64_t t = 0; t < length; ++t) {
      std::vector<Tensor> formal = carried;
      for (size_t i = 0; i < scanned; ++i) {
        const int64_t at = backwards(directions[i]) ? length - 1 - t : t;
        formal.push_back(part_of(part_of(inputs[first_scanned + i], 0, b), 0, at));
        formal.back().varies = formal.back().host && !fold;
      }
      std::vector<Tensor> outputs = call_body(node, 0, formal, inputs, fold);
      for (size_t s = 0; s < states; ++s) carried[s] = carry(std::move(outputs[s]), fold);
      for (size_t s = 0; s < stacked; ++s) rows[s].push(std::move(outputs[states + s]));
    }
    for (size_t s = 0; s < states; ++s) ends[s].push(std::move(carried[s]));
    for (size_t s = 0; s < stacked; ++s)
      stacks[s].push(rows[s].finish(body.graph_.output_info[states + s]));
  }
  std::vector<Tensor> outputs;
  for (size_t s = 0; s < states + stacked; ++s)
    outputs.push_back(
        (s < states ? ends[s] : stacks[s - states]).finish(body.graph_.output_info[s]));
  return outputs;
}

}  // namespace tenon::runtime::onnx_import
