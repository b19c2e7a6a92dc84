// SPDX-License-Identifier: Apache-2.0
//
// The steps of tenon.FusedConv and tenon.FusedMatMul.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tenon/cpp/steps.hpp"
#include "tenon/device/kernel.h"

namespace tenon::device {

// The steps of a fused operator, whose operands are the inputs from `first_operand` on. Throws
// TN_INVALID_ARGUMENT for steps that no device has.
std::vector<Step> read_steps(const Description& description, size_t first_operand);
// "FusedConv, step 2, 'Clip'", for messages.
std::string step_name(std::string_view op, std::span<const Step> steps, size_t index);

}  // namespace tenon::device
