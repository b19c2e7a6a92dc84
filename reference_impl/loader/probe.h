// SPDX-License-Identifier: Apache-2.0
//
// Trying a plugin in a child process, so that one that crashes or hangs takes nobody down.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "environment.h"

namespace tenon::loader {

struct ProbeResult {
  std::string name;
  std::string version;
  std::vector<std::string> devices;  // Their names.
};

// Opens the plugin in the program tenon-probe, asks for its devices and closes it. The child is
// a fresh program (spawned, not only forked: after fork alone, a process with threads may hardly do
// anything). Throws plugin::Failure as opening it here would; TN_LOAD_FAILED when the child dies or
// does not answer in time; TN_INTERNAL when there is no tenon-probe.
ProbeResult probe_library(const std::string& path, std::chrono::milliseconds timeout);

// TENON_PROBE_TIMEOUT in seconds; without it, 20: the first start of a GPU's driver is slow.
std::chrono::milliseconds probe_timeout(const Environment& environment);

// The child's end: writes its answer to this descriptor.
inline constexpr int kProbeDescriptor = 3;

}  // namespace tenon::loader
