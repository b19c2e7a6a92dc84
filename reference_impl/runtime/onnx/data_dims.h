// SPDX-License-Identifier: Apache-2.0
//
// Operators whose outputs' dims only data decides.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

bool depends_on_data(std::string_view op_type);

// The most that the dims of each output can be, for inputs whose host values are known.
std::vector<std::vector<int64_t>> most_dims(const Node& node, std::span<const Tensor> inputs);

}  // namespace tenon::runtime::onnx_import
