// SPDX-License-Identifier: Apache-2.0
//
// An equation of Einsum, with a number for each label: letters have their own, and the dims of an
// ellipsis, which are aligned at its end, those from kEllipsis on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tenon::runtime::onnx_import {

using Labels = std::vector<int32_t>;

struct EinsumEquation {
  std::vector<Labels> inputs;  // A label a dim.
  Labels output;
};

// `ranks` of the inputs. Throws Error (TN_INVALID_ARGUMENT), which says what is wrong.
EinsumEquation parse_einsum(std::string_view equation, std::span<const size_t> ranks);

}  // namespace tenon::runtime::onnx_import
