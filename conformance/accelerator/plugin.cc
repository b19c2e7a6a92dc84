// SPDX-License-Identifier: Apache-2.0
//
// Who the plugin is, and its entry.
#include <cstring>
#include <vector>

#include "conformance/accelerator/calls.h"
#include "conformance/accelerator/kernel.h"
#include "conformance/accelerator/layouts.h"
#include "tenon/device/entry.h"

namespace tenon::accelerator {
namespace {

std::vector<tn_device_info> devices() {
  tn_device_info info{};
  info.struct_size = sizeof(info);
  info.type = TN_DEVICE_ACCELERATOR;
  info.flags = TN_DEVICE_ASYNCHRONOUS;  // And not TN_DEVICE_DYNAMIC_DIMS.
  std::strcpy(info.name, "Accelerator of the conformance suite");
  std::strcpy(info.vendor, "tenon");
  std::memcpy(info.uuid, "tenon.accelerat", 16);
  std::strcpy(info.physical_id, "accelerator-0");
  info.total_memory = uint64_t{64} << 20;
  info.max_allocation = info.total_memory;
  info.alignment = 256;
  return {info};
}

const device::Platform& platform() {
  static const device::Platform self{
      .name = "accelerator",
      .version = "0.1.0",
      .devices = devices,
      .families = families(),
      .layouts = layouts(),
      .open = [](size_t, std::span<const tn_option> options) -> std::unique_ptr<device::Backend> {
        return std::make_unique<Machine>(parse_settings(options));
      },
      .options = option_rows()};
  return self;
}

}  // namespace
}  // namespace tenon::accelerator

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  using namespace tenon::accelerator;
  const tn_status status = tenon::device::enter<platform>(host, out, error);
  // A host that asks for less has nothing to be given.
  if (status == TN_OK && out->struct_size >= sizeof(tn_plugin)) {
    out->functions = calls(*out->functions);
  }
  return status;
}
