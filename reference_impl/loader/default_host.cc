// SPDX-License-Identifier: Apache-2.0
#include "default_host.h"

#include <algorithm>
#include <cstdio>

#include "reference_impl/platform/platform.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

constexpr const char* kLevelNames[] = {"debug", "info", "warning", "error", "off"};

static_assert(TN_LOG_DEBUG == 0 && TN_LOG_ERROR == 3, "the names are in the order of the levels");

tn_log_level level_from(const Environment& environment) {
  return static_cast<tn_log_level>(environment.choice("TENON_LOG", kLevelNames, TN_LOG_WARNING));
}

int32_t thread_count(const Environment& environment) {
  return environment.whole_number("TENON_NUM_THREADS", 1, 1024, platform::processor_count());
}

// One write, so that lines of several threads do not mix.
void write_line(tn_log_level level, const char* component, const char* message) {
  char line[1024];
  const char* name = kLevelNames[std::clamp<tn_log_level>(level, TN_LOG_DEBUG, TN_LOG_ERROR)];
  int length = std::snprintf(line, sizeof(line), "tenon %s [%s] %s\n", name,
                             component != nullptr ? component : "", message ? message : "");
  if (length >= static_cast<int>(sizeof(line))) {
    length = sizeof(line);
    line[sizeof(line) - 1] = '\n';
  }
  platform::write_error(line, static_cast<size_t>(length));
}

}  // namespace

void TN_CALL HostServices::write_log(void* context, tn_log_level level, const char* component,
                                     const char* message) {
  if (level >= static_cast<const HostServices*>(context)->level_) {
    write_line(level, component, message);
  }
}

void TN_CALL HostServices::write_log_without_context(void*, tn_log_level level,
                                                     const char* component, const char* message) {
  if (level >= TN_LOG_WARNING) write_line(level, component, message);
}

HostServices::HostServices(const tn_host* given, const Environment& environment)
    : pool_(given == nullptr ? thread_count(environment) : 1), level_(level_from(environment)) {
  if (given != nullptr) {
    host_ = plugin::read_host(given);
    if (host_.log == nullptr) host_.log = write_log_without_context;
    if (host_.parallelism == nullptr || host_.parallel_for == nullptr) {
      host_.parallelism = [](void*) -> int32_t { return 1; };
      host_.parallel_for = [](void*, int64_t count, int64_t, tn_parallel_body body, void* user) {
        if (count > 0) body(user, 0, count, 0);
      };
    }
  } else {
    host_.struct_size = sizeof(host_);
    host_.context = this;
    host_.log = write_log;
    host_.parallelism = [](void* context) -> int32_t {
      return static_cast<HostServices*>(context)->pool_.size();
    };
    host_.parallel_for = [](void* context, int64_t count, int64_t grain, tn_parallel_body body,
                            void* user) {
      static_cast<HostServices*>(context)->pool_.run(count, grain, body, user);
    };
  }
  // The loader negotiates the version also where the host provides the services.
  host_.abi_major = TN_ABI_MAJOR;
  host_.abi_minor = TN_ABI_MINOR;
  host_.abi_hash = TN_ABI_HASH;
}

}  // namespace tenon::loader
