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

// Input values that the operator takes on the host; nothing for those that are not there.
using HostValues = std::optional<std::vector<int64_t>>;

// The views that `node` makes of its first input. `hosts[i]` is input i as dense values, for
// the inputs that the operator takes on the host; `dims` are the inferred dims of the outputs.
// Nothing when the input's strides do not allow it: the caller makes it dense and asks again, which
// then succeeds. Throws Error (TN_INVALID_ARGUMENT) where attributes, host values or dims do not
// fit the input.
std::optional<std::vector<Tensor>> make_views(const Node& node, const Tensor& input,
                                              std::span<const HostValues> hosts,
                                              std::span<const std::vector<int64_t>> dims);

// Strides that show the same elements in the same order with other dims; nothing if there are none.
std::optional<std::vector<int64_t>> reshaped_strides(const Tensor& tensor,
                                                     std::span<const int64_t> dims);

}  // namespace tenon::runtime::onnx_import
