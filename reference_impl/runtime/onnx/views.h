// SPDX-License-Identifier: Apache-2.0
//
// Operators that only look at the same memory in another way.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

// The views that `node` makes of its first input. `hosts[i]` is input i as dense int64 values, for
// the inputs that the operator takes on the host; `dims` are the inferred dims of the outputs.
// Nothing when the input's strides do not allow it: the caller makes it dense and asks again, which
// then succeeds.
std::optional<std::vector<Tensor>> make_views(const Node& node, const Tensor& input,
                                              std::span<const std::vector<int64_t>> hosts,
                                              std::span<const std::vector<int64_t>> dims);

}  // namespace tenon::runtime::onnx_import
