// SPDX-License-Identifier: Apache-2.0
//
// The reference device as a platform of the device core.
#pragma once

#include "tenon/device/platform.h"

namespace tenon::cpu {

const device::Platform& platform();

// The families of operators, for this device and for plugins that have them behind their own.
std::span<const device::Family> reference_families();

}  // namespace tenon::cpu
