// SPDX-License-Identifier: Apache-2.0
//
// Where there is no probe.cc: a loader on Windows cannot try a plugin in a child process yet, and
// says so.
#include "probe.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {

std::vector<ProbeResult> probe_libraries(const std::vector<std::string>& paths,
                                         std::chrono::milliseconds) {
  ProbeResult untried;
  untried.tried = false;
  plugin::set_error_text(&untried.error, TN_INTERNAL, nullptr,
                         "this loader cannot try plugins in child processes on this system");
  return std::vector<ProbeResult>(paths.size(), untried);
}

}  // namespace tenon::loader
