// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/data_dims.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

using Dims = std::vector<int64_t>;
using MostDims = std::vector<Dims> (*)(const Node&, std::span<const Tensor>);

struct DataRow {
  std::string_view op_type;
  MostDims most;
};

// A column for each element.
std::vector<Dims> of_nonzero(const Node&, std::span<const Tensor> inputs) {
  return {{static_cast<int64_t>(inputs[0].dims.size()), inputs[0].count()}};
}

// All elements, or all slices along an axis, and three lists of indices and counts of them.
std::vector<Dims> of_unique(const Node& node, std::span<const Tensor> inputs) {
  const Dims& x = inputs[0].dims;
  for (const Attribute& attribute : node.attributes) {
    if (attribute.name != "axis") continue;
    const auto axis = std::get<int64_t>(attribute.value);
    const auto rank = static_cast<int64_t>(x.size());
    if (axis < -rank || axis >= rank)
      throw Error(
          TN_INVALID_ARGUMENT, "",
          "axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
    const int64_t slices = x[static_cast<size_t>(axis < 0 ? axis + rank : axis)];
    return {x, {slices}, {slices}, {slices}};
  }
  const Dims all{inputs[0].count()};
  return {all, all, all, all};
}

// A row for each box, of each class no more than asked for.
std::vector<Dims> of_non_max_suppression(const Node&, std::span<const Tensor> inputs) {
  const std::vector<int64_t>& scores = inputs[1].dims;
  if (scores.size() != 3)
    throw Error(TN_INVALID_ARGUMENT, "",
                "its scores have " + std::to_string(scores.size()) + " dims where 3 are needed");
  int64_t most = 0;
  if (inputs.size() > 2 && inputs[2].present() && inputs[2].count() == 1)
    std::memcpy(&most, inputs[2].address, sizeof(most));
  return {{scores[0] * scores[1] * std::clamp<int64_t>(most, 0, scores[2]), 3}};
}

constexpr std::array kDataRows = {DataRow{"NonZero", of_nonzero}, DataRow{"Unique", of_unique},
                                  DataRow{"NonMaxSuppression", of_non_max_suppression}};

const DataRow* find_data_row(std::string_view op_type) {
  const auto found = std::find_if(kDataRows.begin(), kDataRows.end(),
                                  [&](const DataRow& r) { return r.op_type == op_type; });
  return found != kDataRows.end() ? &*found : nullptr;
}

}  // namespace

bool depends_on_data(std::string_view op_type) { return find_data_row(op_type) != nullptr; }

std::vector<Dims> most_dims(const Node& node, std::span<const Tensor> inputs) {
  return find_data_row(node.op_type)->most(node, inputs);
}

}  // namespace tenon::runtime::onnx_import
