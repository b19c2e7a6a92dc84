// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/views.h"

#include <algorithm>
#include <numeric>

#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

const AttributeValue* attribute(const Node& node, std::string_view name) {
  for (const Attribute& a : node.attributes)
    if (a.name == name) return &a.value;
  return nullptr;
}

int64_t axis_of(const Node& node, int64_t otherwise, size_t rank) {
  const AttributeValue* value = attribute(node, "axis");
  const int64_t axis = value != nullptr ? std::get<int64_t>(*value) : otherwise;
  return axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
}

void move_address(Tensor& tensor, int64_t elements) {
  if (tensor.address == nullptr || elements == 0) return;
  const int64_t bits = elements * static_cast<int64_t>(tn_dtype_bits(tensor.dtype));
  if (bits % 8 != 0)
    throw Error(TN_UNSUPPORTED, "", "a view of a type below one byte that starts inside a byte");
  tensor.address += bits / 8;
}

// Strides that show the same elements in the same order with other dims; nothing if there are none.
std::optional<std::vector<int64_t>> reshaped_strides(const Tensor& tensor,
                                                     std::span<const int64_t> dims) {
  if (tensor.dense() || tensor.count() == 0) return dense_strides(dims);
  std::vector<int64_t> strides(dims.size(), 1);
  size_t to = dims.size();
  // Goes through runs of old dims that lie evenly in memory; each must be cut by new dims exactly.
  size_t from = tensor.dims.size();
  int64_t run = 1;  // Elements of the run so far that no new dim covers yet.
  int64_t base = 0;
  while (from > 0) {
    if (tensor.dims[from - 1] == 1) {
      --from;
      continue;
    }
    base = tensor.strides[from - 1];
    run = tensor.dims[--from];
    while (from > 0 && (tensor.dims[from - 1] == 1 || tensor.strides[from - 1] == base * run)) {
      run *= tensor.dims[from - 1];
      --from;
    }
    int64_t covered = 1;
    while (to > 0 && (covered < run || dims[to - 1] == 1)) {
      strides[to - 1] = base * covered;
      covered *= dims[--to];
    }
    if (covered != run) return std::nullopt;
  }
  return strides;
}

Tensor slice(const Tensor& input, std::span<const std::vector<int64_t>> hosts) {
  Tensor view = input;
  const auto& starts = hosts[1];
  const auto& ends = hosts[2];
  std::vector<int64_t> axes = hosts.size() > 3 ? hosts[3] : std::vector<int64_t>{};
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  const std::vector<int64_t> steps =
      hosts.size() > 4 && !hosts[4].empty() ? hosts[4] : std::vector<int64_t>(starts.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = static_cast<size_t>(
        axes[i] < 0 ? axes[i] + static_cast<int64_t>(view.dims.size()) : axes[i]);
    const int64_t dim = input.dims[axis];
    const int64_t step = steps[i];
    if (step == 0) throw Error(TN_INVALID_ARGUMENT, "", "Slice with step 0");
    auto clamp = [&](int64_t index) {
      if (index < 0) index += dim;
      return step > 0 ? std::clamp<int64_t>(index, 0, dim)
                      : std::clamp<int64_t>(index, -1, dim - 1);
    };
    // A bound beyond int64's reach from the end wraps if added to first.
    const int64_t start = clamp(std::max(starts[i], -dim - 1));
    const int64_t end = step < 0 && ends[i] < -dim ? -1 : clamp(std::max(ends[i], -dim - 1));
    const int64_t length =
        step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
    view.dims[axis] = std::max<int64_t>(length, 0);
    if (view.dims[axis] > 0) move_address(view, start * input.strides[axis]);
    view.strides[axis] = input.strides[axis] * step;
  }
  return view;
}

}  // namespace

std::optional<std::vector<Tensor>> make_views(const Node& node, const Tensor& input,
                                              std::span<const std::vector<int64_t>> hosts,
                                              std::span<const std::vector<int64_t>> dims) {
  std::vector<Tensor> views;
  const std::string& op = node.op_type;
  if (op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" || op == "Flatten" ||
      op == "Identity" || op == "Dropout") {
    auto strides = reshaped_strides(input, dims[0]);
    if (!strides) return std::nullopt;
    views.push_back(input);
    views[0].dims = dims[0];
    views[0].strides = std::move(*strides);
  } else if (op == "Transpose") {
    views.push_back(input);
    const size_t rank = input.dims.size();
    const AttributeValue* value = attribute(node, "perm");
    for (size_t i = 0; i < rank; ++i) {
      const size_t from = value != nullptr
                              ? static_cast<size_t>(std::get<std::vector<int64_t>>(*value)[i])
                              : rank - 1 - i;
      views[0].dims[i] = input.dims[from];
      views[0].strides[i] = input.strides[from];
    }
  } else if (op == "Expand") {
    views.push_back(input);
    const size_t added = dims[0].size() - input.dims.size();
    views[0].dims = dims[0];
    views[0].strides.assign(dims[0].size(), 0);
    for (size_t i = 0; i < input.dims.size(); ++i)
      if (input.dims[i] == dims[0][added + i]) views[0].strides[added + i] = input.strides[i];
  } else if (op == "Slice") {
    views.push_back(slice(input, hosts));
  } else if (op == "Split") {
    const size_t axis = static_cast<size_t>(axis_of(node, 0, input.dims.size()));
    int64_t at = 0;
    for (const auto& part : dims) {
      Tensor view = input;
      view.dims[axis] = part[axis];
      if (view.count() > 0) move_address(view, at * input.strides[axis]);
      at += part[axis];
      views.push_back(std::move(view));
    }
  } else {
    throw Error(TN_INTERNAL, "", "'" + op + "' is not a view");
  }
  return views;
}

}  // namespace tenon::runtime::onnx_import
