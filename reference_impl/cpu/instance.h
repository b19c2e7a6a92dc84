// SPDX-License-Identifier: Apache-2.0
//
// The instance: one device, the processor.
#pragma once

#include "tenon/tenon_plugin.hpp"

namespace tenon::cpu {

struct Instance : tn_handle {
  const tn_host* host;
  tn_device_info info;  // As of a device opened without options.
  uint32_t generation;  // See fork.h.
};

// Asks the operating system about the processor.
tn_device_info describe_processor();

}  // namespace tenon::cpu
