// SPDX-License-Identifier: Apache-2.0
//
// The devices that a process uses, from all plugins.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/device.h"

namespace tenon::runtime {

// One line of `tenon devices`.
struct DeviceListing {
  std::string spec;  // What to open it with.
  std::string plugin;
  std::string name;
  std::string reason;  // Why it cannot be used; empty when it can.
};

// Owns a loader and the devices opened through it. An adapter makes one and keeps it for the life
// of the process.
//
// A device spec is `PLUGIN[:INDEX][?KEY=VALUE[&KEY=VALUE...]]`; PLUGIN is a name or a path of a
// plugin library or manifest: "cpu", "cpu?memory=discrete", "./libmine.so:1".
//
// The devices that adapters show as tenon:0, tenon:1, ... are those of TENON_DEVICES (specs
// separated by commas), or when it is not set, all devices of all plugins found, the reference
// device before other plugins.
class Context {
 public:
  // `specs` overrides TENON_DEVICES when not empty. `kernel_flags`: what the host's framework
  // promises of its operators, as the flags of tn_kernel_desc that every kernel is described with.
  // A device that refuses one (TN_KERNEL_CHECK_DATA) does not have the operator: it then runs as
  // one that is not supported does, on the reference device at last, which has them all.
  static std::unique_ptr<Context> create(std::vector<std::string> specs = {},
                                         uint32_t kernel_flags = 0);
  virtual ~Context() = default;

  // Whether the user chose the devices (`specs` or TENON_DEVICES): one that does not open is then
  // an error, else it is left out.
  virtual bool chosen() const = 0;
  // Number of devices; opens none.
  virtual size_t device_count() = 0;
  // Opens the device on first use. Throws TN_OUT_OF_RANGE, or why it could not be opened.
  virtual ManagedDevice& device(size_t index) = 0;
  // Opens a device by spec, or gives the one opened with the same spec.
  virtual ManagedDevice& open(std::string_view spec) = 0;
  // The reference device in unified mode: where fallback and host shape arithmetic run.
  virtual ManagedDevice& reference() = 0;
  virtual std::vector<DeviceListing> listing() = 0;
};

}  // namespace tenon::runtime
