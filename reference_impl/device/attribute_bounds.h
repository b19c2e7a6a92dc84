// SPDX-License-Identifier: Apache-2.0
//
// Attributes of a description against what the operator contract says of them, for all kernels.
#pragma once

#include "tenon/device/kernel.h"

namespace tenon::device {

// Throws TN_INVALID_ARGUMENT for an attribute that is unknown, missing, of another type, or none of
// the values that it may have. Limits by the rank of an input that is absent are not looked at.
void check_attributes(const OperatorId& id, const tn_kernel_desc& desc);

}  // namespace tenon::device
