// SPDX-License-Identifier: Apache-2.0
//
// What a launch would find wrong with dims that the description gives already.
#pragma once

#include "reference_impl/device/check_description.h"

namespace tenon::device {

// Asks `checker`, which says what is valid, as a launch does, where all dims are described and no
// host value that dims may follow from is left to the launch; else does nothing. Throws KernelError
// (TN_INVALID_ARGUMENT, with the dims).
void check_static_dims(const Kernel& checker, const CheckedDescription& description);

}  // namespace tenon::device
