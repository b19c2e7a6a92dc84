// SPDX-License-Identifier: Apache-2.0
//
// What makes a plugin of this core: who it is and which operators it has. The core (everything in
// this folder but platform.cc, layouts.cc and families_*.cc) is linked into several plugins; each
// brings a definition of platform() and of the functions in layouts.h, and, when its devices do not
// compute in host memory, a backend (backend.h).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "tenon/device/backend.h"
#include "tenon/device/kernel.h"

namespace tenon::device {

// An operator ("*": all) whose outputs, from the given one on, may replace an input. Others read
// inputs after they have begun to write. `same_inputs`: further inputs may be the view that is
// replaced, since each element is written after all that is read at its place.
struct Replaces {
  std::string_view name;
  size_t first_output = 0;
  bool same_inputs = false;

  bool allows(const OperatorEntry& entry, size_t output, bool same) const {
    return (name == "*" || name == entry.name) && output >= first_output && (same_inputs || !same);
  }
};

struct Family {
  OperatorFamily operators;
  std::vector<Replaces> replaces_input;
};

struct Platform {
  const char* name;  // Of the plugin.
  const char* version;
  char uuid[17];        // Of the device: 16 characters. One processor, one device.
  const char* library;  // Before the device's name, for people; may be empty.
  std::span<const Family> families;
  // Called when an instance is made, before there are kernels.
  void (*start)(const tn_host& host);

  // Of plugins with backends; null: one device, the processor. Both may throw plugin::Failure or
  // KernelError: devices() when there is none, with the reason.
  std::vector<tn_device_info> (*devices)() = nullptr;
  std::unique_ptr<Backend> (*open)(size_t index) = nullptr;

  // The reference device's families, where its kernels serve what the plugin's own do not: in the
  // same launch, on the same memory and stream (kernel_choice.h), and counted apart (served.h).
  std::span<const Family> behind = {};

  // The host that the instance uses in the place of the one given, say with threads of the
  // plugin's. It outlives the instance. Null: the one given.
  const tn_host& (*host)(const tn_host& given) = nullptr;
};

const Platform& platform();

}  // namespace tenon::device
