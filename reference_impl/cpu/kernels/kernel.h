// SPDX-License-Identifier: Apache-2.0
//
// What every kernel of this device includes: the core's words (device::View, device::Kernel, ...),
// which kernels use without a prefix.
#pragma once

#include "tenon/device/kernel.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::cpu {

using namespace device;

}  // namespace tenon::cpu
