// SPDX-License-Identifier: Apache-2.0
//
// Sequences and optionals inside a model: lists of tensors, kept by the host. Nodes that touch one
// run alone; they move no elements but to join them.
#include <algorithm>
#include <string>

#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"
#include "runtime/onnx/executor_stack.h"

namespace tenon::runtime::onnx_import {
namespace {

using Items = std::vector<Tensor>;

const Items& items_of(const Tensor& tensor) {
  if (tensor.items == nullptr) refuse("its input is no sequence");
  return *tensor.items;
}

// A part of an axis, as a view.
Tensor range_of(const Tensor& tensor, size_t axis, int64_t begin, int64_t length) {
  Tensor part = tensor;
  if (part.address != nullptr && length > 0) part.address = part_of(tensor, axis, begin).address;
  part.dims[axis] = length;
  return part;
}

size_t axis_in(int64_t axis, size_t rank) {
  const auto axes = static_cast<int64_t>(rank);
  if (axis < -axes || axis >= axes)
    refuse("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
  return static_cast<size_t>(axis < 0 ? axis + axes : axis);
}

}  // namespace

// A place among `count` items; with `behind`, the place behind the last is one.
size_t Executor::position_of(const Tensor& tensor, size_t count, bool behind) {
  const int64_t at = read_integer(tensor, "position");
  const auto n = static_cast<int64_t>(count);
  if (at < -n || at > n || (at == n && !behind))
    refuse("position " + std::to_string(at) + " is beyond a sequence of " + std::to_string(n));
  return static_cast<size_t>(at < 0 ? at + n : at);
}

void Executor::run_sequence(const Node& node, std::span<Tensor> inputs, bool fold, Values& values) {
  const std::string& op = node.op_type;
  const auto input = [&](size_t i) { return i < inputs.size() ? inputs[i] : Tensor(); };
  Tensor result;
  if (op == "SequenceConstruct") {
    for (const Tensor& item : inputs)
      if (item.dtype != inputs[0].dtype) refuse("its inputs are of several element types");
    result = sequence_of(inputs[0].dtype, Items(inputs.begin(), inputs.end()));
  } else if (op == "SequenceEmpty") {
    result = sequence_of(
        static_cast<tn_dtype>(given_attribute<int64_t>(node, "dtype").value_or(TN_FLOAT32)), {});
  } else if (op == "SequenceAt") {
    const Items& items = items_of(inputs[0]);
    result = items[position_of(inputs[1], items.size(), false)];
  } else if (op == "SequenceInsert") {
    Items items = items_of(inputs[0]);
    if (inputs[1].dtype != inputs[0].dtype)
      refuse(std::string("a ") + dtype_name(inputs[1].dtype) + " tensor for a sequence of " +
             dtype_name(inputs[0].dtype));
    const size_t at =
        input(2).present() ? position_of(inputs[2], items.size(), true) : items.size();
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), inputs[1]);
    result = sequence_of(inputs[0].dtype, std::move(items));
  } else if (op == "SequenceErase") {
    Items items = items_of(inputs[0]);
    if (items.empty()) refuse("its sequence is empty");
    const size_t at =
        input(1).present() ? position_of(inputs[1], items.size(), false) : items.size() - 1;
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
    result = sequence_of(inputs[0].dtype, std::move(items));
  } else if (op == "SequenceLength") {
    result = host_scalar(TN_INT64, static_cast<int64_t>(items_of(inputs[0]).size()));
    result.varies = is_body_ && !fold && recording_ == nullptr;
  } else if (op == "SplitToSequence") {
    result = split_to_sequence(node, inputs);
  } else if (op == "ConcatFromSequence") {
    result = join_sequence(node, items_of(inputs[0]), fold);
  } else if (op == "OptionalHasElement") {
    result = host_scalar(TN_BOOL, input(0).present() ? 1 : 0);
  } else {  // Optional, OptionalGetElement
    result = input(0);
    if (op == "OptionalGetElement" && !result.present()) refuse("the optional has no element");
  }
  values[static_cast<size_t>(node.outputs[0])] = std::move(result);
  if (!fold) ++(*counting_)[op].view;
}

Tensor Executor::split_to_sequence(const Node& node, std::span<const Tensor> inputs) {
  const Tensor& x = inputs[0];
  const size_t axis = axis_in(given_attribute<int64_t>(node, "axis").value_or(0), x.dims.size());
  const int64_t whole = x.dims[axis];
  std::vector<int64_t> lengths;
  const bool each = inputs.size() < 2 || !inputs[1].present();
  if (each || inputs[1].dims.empty()) {
    const int64_t size = each ? 1 : read_integer(inputs[1], "split");
    if (size < 1) refuse("its split is " + std::to_string(size) + "; it must be 1 or more");
    for (int64_t at = 0; at < whole; at += size) lengths.push_back(std::min(size, whole - at));
  } else {
    const Tensor list = dense(on_host(inputs[1]));
    for (int64_t i = 0; i < list.count(); ++i)
      lengths.push_back(read_integer(part_of(list, 0, i), "split"));
  }
  Items items;
  int64_t at = 0;
  for (const int64_t length : lengths) {
    if (length < 0 || length > whole - at)
      refuse("its splits do not make up axis " + std::to_string(axis) + " of dims " +
             dims_text(x.dims));
    items.push_back(each && given_attribute<int64_t>(node, "keepdims").value_or(1) == 0
                        ? part_of(x, axis, at)
                        : range_of(x, axis, at, length));
    at += length;
  }
  if (at != whole)
    refuse("its splits leave " + std::to_string(whole - at) + " of axis " + std::to_string(axis));
  return sequence_of(x.dtype, std::move(items));
}

Tensor Executor::join_sequence(const Node& node, Items items, bool fold) {
  if (items.empty()) refuse("its sequence is empty");
  const bool fresh = given_attribute<int64_t>(node, "new_axis").value_or(0) != 0;
  const size_t axis = axis_in(given_attribute<int64_t>(node, "axis").value_or(0),
                              items[0].dims.size() + (fresh ? size_t{1} : size_t{0}));
  const bool host = fold || std::ranges::all_of(items, &Tensor::host);
  std::vector<int64_t> dims;
  for (Tensor& item : items) {
    item = host ? on_host(item) : on_device(item);
    if (fresh) {
      item.dims.insert(item.dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
      item.strides.insert(item.strides.begin() + static_cast<std::ptrdiff_t>(axis), item.count());
    }
    if (dims.empty()) {
      dims = item.dims;
      continue;
    }
    std::vector<int64_t> other = item.dims;
    if (other.size() == dims.size()) other[axis] = dims[axis];
    if (other != dims)
      refuse("its tensors have dims " + dims_text(dims) + " and " + dims_text(item.dims) +
             ", which do not fit together");
    dims[axis] += item.dims[axis];
  }
  Tensor whole = allocate(items[0].dtype, dims, host);
  std::vector<Argument> in;
  for (const Tensor& item : items) in.push_back(item.argument());
  const Argument out = whole.argument();
  run_on(host, Operation("Concat", {{"axis", static_cast<int64_t>(axis)}}), in, items, {&out, 1},
         {&whole, 1});
  return whole;
}

// Which nodes touch sequences, optionals or strings: they run alone.
std::set<size_t> Executor::nodes_of_the_host() const {
  std::set<ValueIndex> values;
  for (size_t i = 0; i < graph_.inputs.size(); ++i)
    if (!graph_.input_info[i].plain()) values.insert(graph_.inputs[i]);
  for (size_t i = 0; i < constants_.size(); ++i)
    if (constants_[i].dtype == kStrings) values.insert(static_cast<ValueIndex>(i));
  std::set<size_t> nodes;
  for (size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    const bool reads =
        std::ranges::any_of(node.inputs, [&](ValueIndex input) { return values.contains(input); });
    bool makes = reads && node.bodies.empty() && !gives_numbers(node);
    for (const Body& body : node.bodies) {
      const std::vector<ModelValue>& outputs = bodies_.at(body.graph.get())->graph_.output_info;
      makes |= std::ranges::any_of(outputs, [](const ModelValue& v) { return !v.plain(); });
    }
    makes |= makes_strings(node);
    if (node.sequence || reads || makes) nodes.insert(n);
    static const std::set<std::string> kMakers{
        "SequenceConstruct", "SequenceEmpty", "SequenceInsert",    "SequenceErase",
        "SplitToSequence",   "Optional",      "OptionalGetElement"};
    if (node.sequence ? kMakers.contains(node.op_type) : makes)
      values.insert(node.outputs.begin(), node.outputs.end());
  }
  return nodes;
}

}  // namespace tenon::runtime::onnx_import
