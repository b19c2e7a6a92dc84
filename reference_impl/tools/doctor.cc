// SPDX-License-Identifier: Apache-2.0
//
// tenon doctor: every place that was searched, every plugin that was found, and why one does not
// work. Exit code 0 if at least one device can be used.
#include <cstdio>

#include "candidates.h"
#include "command.h"
#include "tenon/tenon.hpp"

namespace {

// Devices of the plugins that the diagnosis found sound: only those are opened in this process.
size_t count_devices(const tenon::Loader& loader) {
  size_t count = 0;
  for (const tn_candidate_info& candidate : loader.candidates()) {
    if (candidate.state != TN_CANDIDATE_FOUND) continue;
    try {
      count += loader.open(tenon::tools::path_of(candidate)).device_count();
    } catch (const tenon::Error& error) {
      std::printf("plugin %s works in a child process, but not here: %s\n", candidate.name,
                  error.message().c_str());
    }
  }
  return count;
}

void add_doctor(CLI::App& command, int& exit_code) {
  command.callback([&exit_code] {
    const tenon::Loader loader;
    tenon::tools::diagnose(loader, [](void*, const char* line) {
      std::printf("%s\n", line);
      std::fflush(stdout);
    });
    const size_t count = count_devices(loader);
    std::printf("%zu usable %s\n", count, count == 1 ? "device" : "devices");
    exit_code = count > 0 ? 0 : 1;
  });
}

const tenon::tools::Command kDoctorCommand("doctor", "Says why plugins do or do not work",
                                           add_doctor);

}  // namespace
