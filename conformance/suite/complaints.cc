// SPDX-License-Identifier: Apache-2.0
#include "suite/complaints.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

namespace tenon::conformance {
namespace {

struct Complaints {
  std::mutex mutex;
  std::vector<std::string> texts;
};

Complaints& complaints() {
  static auto* const all = new Complaints;  // Handles may be used until the very end.
  return *all;
}

thread_local int refusals = 0;

void TN_CALL log(void*, tn_log_level level, const char* component, const char* message) {
  if (level < TN_LOG_WARNING) return;
  if (std::strcmp(component, "validation") != 0) {
    std::fprintf(stderr, "%s: %s\n", component, message);
    return;
  }
  // What the plugin did wrong is one also while the suite does what is to be refused.
  const bool of_plugin = std::strstr(message, "; report it to its vendor") != nullptr;
  if (level == TN_LOG_ERROR && refusals > 0 && !of_plugin) return;
  const std::lock_guard lock(complaints().mutex);
  complaints().texts.emplace_back(message);
}

}  // namespace

const tn_host* complaining_host() {
  static const tn_host host = [] {
    tn_host services{};
    services.struct_size = sizeof(services);
    services.log = log;
    return services;
  }();
  const char* layers = std::getenv("TENON_LAYERS");
  return layers != nullptr && std::strstr(layers, "validation") != nullptr ? &host : nullptr;
}

std::vector<std::string> take_complaints() {
  const std::lock_guard lock(complaints().mutex);
  return std::exchange(complaints().texts, {});
}

Refusal::Refusal() { ++refusals; }
Refusal::~Refusal() { --refusals; }

}  // namespace tenon::conformance
