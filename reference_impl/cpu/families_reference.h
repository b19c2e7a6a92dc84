// SPDX-License-Identifier: Apache-2.0
//
// The families of the reference device, for it and for plugins that have them behind their own.
#pragma once

#include <span>

#include "tenon/device/platform.h"

namespace tenon::cpu {

std::span<const device::Family> reference_families();

}  // namespace tenon::cpu
