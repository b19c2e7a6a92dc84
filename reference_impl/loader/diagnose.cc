// SPDX-License-Identifier: Apache-2.0
//
// tn_loader_diagnose: every place, every candidate, each tried in a child process.
#include "loader.h"
#include "probe.h"
#include "tenon/cpp/error.hpp"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {

std::string Loader::diagnose_candidate(Candidate& candidate) {
  if (candidate.broken_manifest) {
    return std::string("failed: ") + candidate.error->message;
  }
  if (candidate.state == TN_CANDIDATE_SHADOWED) {
    return "shadowed: a plugin of the same name was found before it; remove one of them";
  }
  try {
    const ProbeResult result = probe_library(candidate.library, probe_timeout(environment_));
    if (*candidate.name != '\0' && candidate.name != result.name) {
      plugin::fail(TN_LOAD_FAILED, nullptr,
                   "its manifest calls it '%s', but the plugin says '%s'; correct the manifest",
                   candidate.name, result.name.c_str());
    }
    if (*candidate.name == '\0') set_name(candidate, result.name);
    std::string text = "ok: version " + result.version + ", " +
                       std::to_string(result.devices.size()) +
                       (result.devices.size() == 1 ? " device" : " devices");
    for (const std::string& device : result.devices) text += ", " + device;
    return text;
  } catch (const plugin::Failure& failure) {
    if (!candidate.table) fail_candidate(candidate, failure.error);
    if (failure.error.code == TN_NO_DEVICE) return failure.error.message;
    return std::string("failed (") + status_name(failure.error.code) +
           "): " + failure.error.message;
  }
}

void Loader::diagnose(const std::function<void(const std::string&)>& report) {
  for (const SearchStep& step : search_.steps) {
    report("searched " + step.origin + (step.path.empty() ? "" : " " + step.path) + ": " +
           step.outcome);
  }
  const std::lock_guard lock(mutex_);
  if (candidates_.empty()) {
    report("no plugin found: install one, or name its folder in TENON_PLUGIN_PATH");
  }
  for (Candidate& candidate : candidates_) {
    const std::string result = diagnose_candidate(candidate);
    std::string line = std::string("plugin ") + (*candidate.name ? candidate.name : "?");
    if (*candidate.manifest) line.append(" ").append(candidate.manifest);
    if (*candidate.library) {
      line.append(*candidate.manifest ? " -> " : " ").append(candidate.library);
    }
    report(line.append(": ").append(result));
  }
}

}  // namespace tenon::loader
