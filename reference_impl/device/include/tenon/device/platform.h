// SPDX-License-Identifier: Apache-2.0
//
// What makes a plugin of this core: who it is, its devices and which operators they have. The
// plugin's entry hands it over (entry.h).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tenon/device/backend.h"
#include "tenon/device/kernel.h"
#include "tenon/device/layouts.h"

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
  std::vector<Replaces> replaces_input = {};
  // What its kernels need of every tensor on the device: TN_REQUIRES_STATIC_DIMS,
  // TN_REQUIRES_DENSE, TN_REQUIRES_ALIGNED. Descriptions that say less are refused, with what they
  // lack (TN_NEEDS_STATIC).
  uint32_t needs = 0;
  uint32_t alignment = 0;  // Bytes, where it needs aligned tensors: a power of two.
};

struct Platform {
  const char* name;  // Of the plugin.
  const char* version;
  // At least one; called when an instance is made. May throw plugin::Failure or KernelError when
  // there is none, with the reason.
  std::vector<tn_device_info> (*devices)();
  std::span<const Family> families;
  const Layouts& layouts = plain_layouts();

  // Opens device `index`, whose memory the host may not touch or whose work is queued elsewhere.
  // Null: memory and work are the host's. May throw.
  std::unique_ptr<Backend> (*open)(size_t index, std::span<const tn_option> options) = nullptr;
  // Options of the plugin's own, which open() is given where the host names them. The core checks
  // numbers and choices, and knows memory_limit.
  std::span<const tn_option_info> options = {};

  // What is known of device `index` at this moment, always the same names in the same order
  // (property.h). The core tells memory, priorities, peers, and the node of what is on PCI.
  std::vector<tn_property> (*properties)(size_t index) = nullptr;

  // Called when an instance is made, before there are kernels. May throw.
  void (*start)(const tn_host& host) = nullptr;

  // The host that the instance uses in the place of the one given, say with threads of the
  // plugin's. It outlives the instance. Null: the one given.
  const tn_host& (*host)(const tn_host& given) = nullptr;

  // The reference device's families, where its kernels serve what the plugin's own do not: in the
  // same launch, on the same memory and stream (kernel_choice.h), and counted apart (served.h).
  std::span<const Family> behind = {};
};

// The host's processor, as the operating system describes it, for Platform::devices. `uuid`: 16
// characters that are the plugin's own; `library` is put before the device's name, and may be
// empty.
tn_device_info describe_processor(const char (&uuid)[17], const char* library);

}  // namespace tenon::device
