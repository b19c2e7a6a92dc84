// SPDX-License-Identifier: Apache-2.0
//
// Operators whose outputs' dims only data decides.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

bool depends_on_data(std::string_view op_type);

// The most that the dims of the output can be, for inputs whose host values are known.
std::vector<int64_t> most_dims(std::string_view op_type, std::span<const Tensor> inputs);

}  // namespace tenon::runtime::onnx_import
