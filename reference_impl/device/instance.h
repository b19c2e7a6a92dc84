// SPDX-License-Identifier: Apache-2.0
//
// The instance: the processor, or the devices of the platform's backends.
#pragma once

#include <vector>

#include "tenon/tenon_plugin.hpp"

namespace tenon::device {

struct Instance : tn_handle {
  const tn_host* host;
  std::vector<tn_device_info> devices;  // As of devices opened without options.
  uint32_t generation;                  // See fork.h.
};

// What the platform offers; at least one device.
std::vector<tn_device_info> describe_devices();

// Asks the operating system about the processor.
tn_device_info describe_processor();

}  // namespace tenon::device
