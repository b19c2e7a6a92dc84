// SPDX-License-Identifier: Apache-2.0
//
// The `reduction` of the scattering operators: how an update meets the element that is there.
#pragma once

#include "tenon/device/kernel.h"

namespace tenon::device {

enum class Update { kReplace, kAdd, kMultiply, kMax, kMin };

// Of the attribute. Throws TN_INVALID_ARGUMENT for a word that it does not know.
Update parse_update(const Description& desc);

}  // namespace tenon::device
