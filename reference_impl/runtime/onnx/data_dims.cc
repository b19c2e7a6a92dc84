// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/data_dims.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

using MostDims = std::vector<int64_t> (*)(std::span<const Tensor>);

struct DataRow {
  std::string_view op_type;
  MostDims most;
};

// A column for each element.
std::vector<int64_t> of_nonzero(std::span<const Tensor> inputs) {
  return {static_cast<int64_t>(inputs[0].dims.size()), inputs[0].count()};
}

// A row for each box, of each class no more than asked for.
std::vector<int64_t> of_non_max_suppression(std::span<const Tensor> inputs) {
  const std::vector<int64_t>& scores = inputs[1].dims;
  if (scores.size() != 3)
    throw Error(TN_INVALID_ARGUMENT, "",
                "its scores have " + std::to_string(scores.size()) + " dims where 3 are needed");
  int64_t most = 0;
  if (inputs.size() > 2 && inputs[2].present() && inputs[2].count() == 1)
    std::memcpy(&most, inputs[2].address, sizeof(most));
  return {scores[0] * scores[1] * std::clamp<int64_t>(most, 0, scores[2]), 3};
}

constexpr std::array kDataRows = {DataRow{"NonZero", of_nonzero},
                                  DataRow{"NonMaxSuppression", of_non_max_suppression}};

const DataRow* find_data_row(std::string_view op_type) {
  const auto found = std::find_if(kDataRows.begin(), kDataRows.end(),
                                  [&](const DataRow& r) { return r.op_type == op_type; });
  return found != kDataRows.end() ? &*found : nullptr;
}

}  // namespace

bool depends_on_data(std::string_view op_type) { return find_data_row(op_type) != nullptr; }

std::vector<int64_t> most_dims(std::string_view op_type, std::span<const Tensor> inputs) {
  return find_data_row(op_type)->most(inputs);
}

}  // namespace tenon::runtime::onnx_import
