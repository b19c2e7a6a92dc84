// SPDX-License-Identifier: Apache-2.0
//
// What an open device tells of itself: the core's properties, and those of its platform.
#pragma once

#include "reference_impl/device/device.h"
#include "tenon/device/property.h"

namespace tenon::device {

// As they are now; always the same names in the same order.
std::vector<tn_property> properties_of(OpenDevice& device);

// Extension tenon.device.
extern const tn_device_functions kDeviceFunctions;

}  // namespace tenon::device
