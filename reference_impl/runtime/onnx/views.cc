// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/views.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "runtime/onnx/attribute_default.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

const AttributeValue* attribute(const Node& node, std::string_view name) {
  for (const Attribute& a : node.attributes)
    if (a.name == name) return &a.value;
  return nullptr;
}

int64_t axis_of(const Node& node) {
  const AttributeValue* value = attribute(node, "axis");
  return value != nullptr ? std::get<int64_t>(*value) : default_integer(node.op_type, "axis");
}

void move_address(Tensor& tensor, int64_t elements) {
  if (tensor.address == nullptr || elements == 0) return;
  const int64_t bits = elements * static_cast<int64_t>(tn_dtype_bits(tensor.dtype));
  if (bits % 8 != 0)
    throw Error(TN_UNSUPPORTED, "", "a view of a type below one byte that starts inside a byte");
  tensor.address += bits / 8;
}

[[noreturn]] void fail(const std::string& what) { throw Error(TN_INVALID_ARGUMENT, "", what); }

std::string text(std::span<const int64_t> values) {
  std::string list = "[";
  for (size_t i = 0; i < values.size(); ++i)
    list += (i == 0 ? "" : ", ") + std::to_string(values[i]);
  return list + "]";
}

// An axis as an index below `rank`. Unlike for kernels, a scalar has none.
size_t checked_axis(int64_t axis, size_t rank) {
  const auto axes = static_cast<int64_t>(rank);
  if (axis < -axes || axis >= axes)
    fail("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
  return static_cast<size_t>(axis < 0 ? axis + axes : axis);
}

// The same elements in the same order.
void require_same_count(const Tensor& input, std::span<const int64_t> dims) {
  const auto count = checked_element_count(dims);
  if (!count || *count != input.count())
    fail("an input of dims " + text(input.dims) + " has " + std::to_string(input.count()) +
         " elements and cannot take dims " + text(dims));
}

void require_squeezable(const Tensor& input, const HostValues& axes) {
  if (!axes) return;
  for (const int64_t axis : *axes)
    if (input.dims[checked_axis(axis, input.dims.size())] != 1)
      fail("axis " + std::to_string(axis) + " of dims " + text(input.dims) +
           " is not 1 and cannot be squeezed");
}

void require_unsqueezable(const Tensor& input, const HostValues& axes) {
  if (!axes) fail("needs axes");
  const size_t rank = input.dims.size() + axes->size();
  std::vector<bool> seen(rank);
  for (const int64_t axis : *axes) {
    const size_t at = checked_axis(axis, rank);
    if (seen[at]) fail("axes " + text(*axes) + " name one twice");
    seen[at] = true;
  }
}

Tensor transpose(const Node& node, const Tensor& input) {
  const size_t rank = input.dims.size();
  std::vector<int64_t> perm(rank);
  for (size_t i = 0; i < rank; ++i) perm[i] = static_cast<int64_t>(rank - 1 - i);
  if (const AttributeValue* value = attribute(node, "perm"))
    perm = std::get<std::vector<int64_t>>(*value);
  std::vector<int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < std::max(rank, perm.size()); ++i)
    if (perm.size() != rank || sorted[i] != static_cast<int64_t>(i))
      fail("perm " + text(perm) + " is no order of the " + std::to_string(rank) + " axes of dims " +
           text(input.dims));
  Tensor view = input;
  for (size_t i = 0; i < rank; ++i) {
    const auto from = static_cast<size_t>(perm[i]);
    view.dims[i] = input.dims[from];
    view.strides[i] = input.strides[from];
  }
  return view;
}

Tensor expand(const Tensor& input, std::span<const int64_t> dims) {
  Tensor view = input;
  if (dims.size() < input.dims.size())
    fail("an input of dims " + text(input.dims) + " does not expand to " + text(dims));
  const size_t added = dims.size() - input.dims.size();
  view.dims.assign(dims.begin(), dims.end());
  view.strides.assign(dims.size(), 0);
  for (size_t i = 0; i < input.dims.size(); ++i) {
    if (input.dims[i] == dims[added + i])
      view.strides[added + i] = input.strides[i];
    else if (input.dims[i] != 1)
      fail("an input of dims " + text(input.dims) + " does not expand to " + text(dims));
  }
  return view;
}

// What Slice takes of one axis: elements start, start + step, ...
struct Cut {
  int64_t start;
  int64_t length;
};

// As the operator's text clamps: with a positive step both bounds to [0, dim], with a negative one
// the start to [0, dim - 1] and the end to [-1, dim - 1].
Cut cut_axis(int64_t dim, int64_t start, int64_t end, int64_t step) {
  const auto wrap = [&](int64_t index) { return index < 0 ? index + dim : index; };
  if (dim == 0) return {0, 0};
  if (step > 0) {
    start = std::clamp<int64_t>(wrap(start), 0, dim);
    end = std::clamp<int64_t>(wrap(end), 0, dim);
    return {start, start < end ? (end - start - 1) / step + 1 : 0};
  }
  start = std::clamp<int64_t>(wrap(start), 0, dim - 1);
  end = std::clamp<int64_t>(wrap(end), -1, dim - 1);
  // Without a sign: the least int64 has no opposite.
  const uint64_t size = 0 - static_cast<uint64_t>(step);
  return {start, start > end
                     ? static_cast<int64_t>(static_cast<uint64_t>(start - end - 1) / size + 1)
                     : 0};
}

Tensor slice(const Tensor& input, std::span<const HostValues> hosts) {
  const auto host = [&](size_t i) { return i < hosts.size() ? hosts[i] : HostValues(); };
  const HostValues starts = host(1), ends = host(2);
  if (!starts || !ends) fail("needs starts and ends");
  std::vector<int64_t> axes(starts->size());
  std::iota(axes.begin(), axes.end(), 0);
  if (host(3)) axes = *host(3);
  const std::vector<int64_t> steps = host(4).value_or(std::vector<int64_t>(starts->size(), 1));
  if (ends->size() != starts->size() || axes.size() != starts->size() ||
      steps.size() != starts->size())
    fail("starts, ends, axes and steps have " + std::to_string(starts->size()) + ", " +
         std::to_string(ends->size()) + ", " + std::to_string(axes.size()) + " and " +
         std::to_string(steps.size()) + " values; give one of each for an axis");
  Tensor view = input;
  std::vector<bool> seen(input.dims.size());
  for (size_t i = 0; i < starts->size(); ++i) {
    const size_t axis = checked_axis(axes[i], input.dims.size());
    if (seen[axis]) fail("axes " + text(axes) + " name one twice");
    seen[axis] = true;
    if (steps[i] == 0) fail("step 0 for axis " + std::to_string(axes[i]));
    const Cut cut = cut_axis(input.dims[axis], (*starts)[i], (*ends)[i], steps[i]);
    view.dims[axis] = cut.length;
    if (cut.length > 0) move_address(view, cut.start * input.strides[axis]);
    // A step beyond the axis is never made, and might not fit as a stride.
    if (cut.length > 1) view.strides[axis] = input.strides[axis] * steps[i];
  }
  return view;
}

std::vector<Tensor> split(const Node& node, const Tensor& input,
                          std::span<const std::vector<int64_t>> dims) {
  const size_t axis = checked_axis(axis_of(node), input.dims.size());
  std::vector<int64_t> sizes;
  int64_t rest = input.dims[axis];
  for (const auto& part : dims) {
    sizes.push_back(part.size() == input.dims.size() ? part[axis] : -1);
    if (sizes.back() < 0 || sizes.back() > rest)
      fail("parts of " + text(sizes) + " do not make up axis " + std::to_string(axis) +
           " of dims " + text(input.dims));
    rest -= sizes.back();
  }
  if (rest != 0)
    fail("parts of " + text(sizes) + " leave " + std::to_string(rest) + " of axis " +
         std::to_string(axis) + " of dims " + text(input.dims));
  std::vector<Tensor> views;
  int64_t at = 0;
  for (const int64_t size : sizes) {
    Tensor view = input;
    view.dims[axis] = size;
    if (view.count() > 0) move_address(view, at * input.strides[axis]);
    at += size;
    views.push_back(std::move(view));
  }
  return views;
}

void require_flattenable(const Node& node, const Tensor& input) {
  const int64_t axis = axis_of(node);
  const auto rank = static_cast<int64_t>(input.dims.size());
  if (axis < -rank || axis > rank)
    fail("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
}

bool keeps_order(const std::string& op) {
  return op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" || op == "Flatten" ||
         op == "Identity" || op == "Dropout";
}

}  // namespace

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

std::optional<std::vector<Tensor>> make_views(const Node& node, const Tensor& input,
                                              std::span<const HostValues> hosts,
                                              std::span<const std::vector<int64_t>> dims) {
  const std::string& op = node.op_type;
  if (keeps_order(op)) {
    const HostValues axes = hosts.size() > 1 ? hosts[1] : HostValues();
    if (op == "Squeeze") require_squeezable(input, axes);
    if (op == "Unsqueeze") require_unsqueezable(input, axes);
    if (op == "Flatten") require_flattenable(node, input);
    require_same_count(input, dims[0]);
    auto strides = reshaped_strides(input, dims[0]);
    if (!strides) return std::nullopt;
    Tensor view = input;
    view.dims = dims[0];
    view.strides = std::move(*strides);
    return std::vector<Tensor>{std::move(view)};
  }
  if (op == "Transpose") return std::vector<Tensor>{transpose(node, input)};
  if (op == "Expand") return std::vector<Tensor>{expand(input, dims[0])};
  if (op == "Slice") return std::vector<Tensor>{slice(input, hosts)};
  if (op == "Split") return split(node, input, dims);
  throw Error(TN_INTERNAL, "", "'" + op + "' is not a view");
}

}  // namespace tenon::runtime::onnx_import
