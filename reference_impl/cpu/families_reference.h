// SPDX-License-Identifier: Apache-2.0
//
// The families of the reference device, for it and for plugins that have them behind their own.
#pragma once

#include <span>

#include "reference_impl/cpu/platform.h"

namespace tenon::cpu {

std::span<const Family> reference_families();

}  // namespace tenon::cpu
