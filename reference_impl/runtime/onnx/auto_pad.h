// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/operation.h"

namespace tenon::runtime::onnx_import {

// The attributes of a convolution or pooling with `auto_pad` replaced by the pads that it stands
// for, for an input of dims `x`. The kernel's size comes from kernel_shape, else from the weight's
// dims `w`.
std::vector<Attribute> explicit_pads(const std::vector<Attribute>& attributes,
                                     std::span<const int64_t> x, std::span<const int64_t> w);

// The input whose dims have the window: filters, or the first input where an attribute says it.
size_t window_input(std::string_view full_name, size_t inputs);
// The same of a transposed convolution, whose output has dims `y`, by auto_pad or output_shape.
std::vector<Attribute> transposed_pads(const std::vector<Attribute>& attributes,
                                       std::span<const int64_t> x, std::span<const int64_t> w,
                                       std::span<const int64_t> y);

}  // namespace tenon::runtime::onnx_import
