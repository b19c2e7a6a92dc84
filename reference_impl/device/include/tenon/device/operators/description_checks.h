// SPDX-License-Identifier: Apache-2.0
//
// What many operators ask of a description: how many arguments, and of which types.
#pragma once

#include "tenon/device/kernel.h"

namespace tenon::device {

// Throws TN_INVALID_ARGUMENT unless the description has as many inputs, all present, and one
// output.
void require_inputs(const Description& desc, size_t count);
// Throws TN_UNSUPPORTED unless the inputs from `first` on have the type of input `first`.
void require_same_inputs(const Description& desc, size_t first = 0);
// Throws TN_UNSUPPORTED unless the output has this type.
void require_output(const Description& desc, tn_dtype dtype);

}  // namespace tenon::device
