// SPDX-License-Identifier: Apache-2.0
//
// Trying a plugin in a child process, so that one that crashes or hangs does no harm to this
// process.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "environment.h"
#include "tenon/tenon.h"

namespace tenon::loader {

struct ProbeResult {
  // Whether there was a child that could try it. If not, `error` says why, and nothing is known.
  bool tried = true;
  // TN_OK; else as opening it here would answer, or TN_LOAD_FAILED when the child died, did not
  // answer in time or answered nonsense.
  tn_error error = TN_ERROR_INIT;
  // As its entry says, also where the rest failed; empty when it did not get that far.
  std::string name;
  std::string version;
  std::vector<std::string> devices;  // Their names, with why one cannot be opened.
};

// Opens each plugin in a child that runs the program tenon-probe, asks for its devices, opens and
// closes them. Several run at once. A child is a fresh program (spawned, not only forked: after
// fork alone, a process with threads may hardly do anything) in a process group of its own, which
// is killed when the time is over.
std::vector<ProbeResult> probe_libraries(const std::vector<std::string>& paths,
                                         std::chrono::milliseconds timeout);

// TENON_PROBE_TIMEOUT in seconds; without it, 20: the first start of a GPU's driver is slow.
inline std::chrono::milliseconds probe_timeout(const Environment& environment) {
  const double seconds = environment.number("TENON_PROBE_TIMEOUT", 0.001, 86400, 20);
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

// The child's end: writes lines of JSON to this descriptor. First, when the entry has answered,
// {"name", "version"}; last {"status", "rule", "message", "devices"}.
inline constexpr int kProbeDescriptor = 3;

}  // namespace tenon::loader
