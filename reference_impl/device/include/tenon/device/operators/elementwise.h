// SPDX-License-Identifier: Apache-2.0
//
// What elementwise operators say beyond their function: attributes, and the types of those whose
// inputs differ. The function and what it takes are a row of each device's table.
#pragma once

#include "tenon/device/operators/description_checks.h"

namespace tenon::device {

// Attributes that are numbers of the formula: alpha and beta (Selu's gamma, Shrink's lambd and
// bias), or what IsInf detects.
struct ElementwiseNumbers {
  float first = 0, second = 0;
};
ElementwiseNumbers elementwise_numbers(const Description& d);

bool is_right_shift(const Description& d);    // BitShift.
bool is_truncated_mod(const Description& d);  // As C's fmod.
bool is_tanh_gelu(const Description& d);      // Gelu, or its gradient, approximated by tanh.

// Throws unless the description has as many inputs, all present and of one type, and one output of
// that type.
void require_one_type(const Description& d, size_t inputs);
// The same where the output is of bools.
void require_test(const Description& d, size_t inputs);
void require_where(const Description& d);
void require_clip(const Description& d);

}  // namespace tenon::device
