// SPDX-License-Identifier: Apache-2.0
//
// The faults that show in calls: functions of the device core, each wrong on a device that is
// broken in its way and right on all others.
#pragma once

#include "conformance/accelerator/machine.h"
#include "reference_impl/device/device.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::accelerator {

// The core's functions, once the plugin was entered.
const tn_dispatch& core();

Machine& machine_of(tn_device* device);

template <class Handle>
Machine& machine_of(Handle* handle) {
  auto& object = *plugin::object_of<device::DeviceObject>(handle);
  return *static_cast<Machine*>(object.device->backend());
}

// Whether the device of a handle is broken so. Never for NULL, which the core refuses.
template <class Handle>
bool broken(Handle* handle, Fault fault) {
  return handle != nullptr && machine_of(handle).broken(fault);
}

void add_faulty_calls(tn_dispatch& table);
void add_faulty_kernel_calls(tn_dispatch& table);

}  // namespace tenon::accelerator
