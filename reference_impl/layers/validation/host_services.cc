// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/host_services.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "reference_impl/layers/validation/foreign_memory.h"
#include "reference_impl/layers/validation/validation.h"

namespace tenon::layers::validation {
namespace {

// A text that the plugin logs: its own where that can be read, else what can be made of it.
std::string readable(const char* text, const char** problem) {
  if (text == nullptr || !is_text(text)) {
    *problem = text == nullptr ? "NULL" : "a text that cannot be read to its end";
    return "?";
  }
  std::string copy = text;
  if (const char* wrong = mend_text(copy.data(), copy.size() + 1)) *problem = wrong;
  return copy;
}

// The work of one parallel_for, as the host divides it.
struct Division {
  const tn_parallel_body body;
  void* const user;
  const int64_t count;
  const int64_t grain;
  const int32_t workers;
  std::atomic<int64_t> done{0};
  std::atomic<bool> odd{false};

  static void TN_CALL run(void* user, int64_t begin, int64_t end, int32_t worker) {
    auto& self = *static_cast<Division*>(user);
    const bool whole = begin == 0 && end == self.count;
    if (begin < 0 || begin >= end || end > self.count || worker < 0 || worker >= self.workers ||
        (end - begin < self.grain && !whole)) {
      self.odd = true;
    }
    self.done += end - begin;
    self.body(self.user, begin, end, worker);
  }
};

}  // namespace

HostServices::HostServices(const Validation& layer, const tn_host& host)
    : layer_(layer), host_(host), services_(host) {
  services_.struct_size = sizeof(services_);
  services_.context = this;
  services_.log = log;
  services_.parallelism = parallelism;
  services_.parallel_for = parallel_for;
}

void HostServices::log(void* context, tn_log_level level, const char* component,
                       const char* message) {
  const auto& self = *static_cast<const HostServices*>(context);
  const char* problem = nullptr;
  const std::string who = readable(component, &problem);
  const std::string what = readable(message, &problem);
  if (level < TN_LOG_DEBUG || level > TN_LOG_ERROR) {
    problem = "a level without a name";
    level = TN_LOG_ERROR;
  }
  if (problem != nullptr) {
    self.layer_.report(TN_LOG_ERROR, "TN-host-002",
                       self.layer_.of_plugin("tn_host.log", std::string("logged ") + problem));
  }
  self.host_.log(self.host_.context, level, who.c_str(), what.c_str());
}

int32_t HostServices::parallelism(void* context) {
  const auto& self = *static_cast<const HostServices*>(context);
  const int32_t workers = self.host_.parallelism(self.host_.context);
  if (workers >= 1) return workers;
  self.layer_.report(
      TN_LOG_WARNING, "TN-host-004",
      fmt::format("tn_host.parallelism: the host says {}; answer 1 or more", workers));
  return 1;
}

void HostServices::parallel_for(void* context, int64_t count, int64_t grain, tn_parallel_body body,
                                void* user) {
  const auto& self = *static_cast<const HostServices*>(context);
  constexpr const char* kFunction = "tn_host.parallel_for";
  if (count < 0 || grain < 1 || body == nullptr) {
    self.layer_.report(
        TN_LOG_ERROR, "TN-host-003",
        self.layer_.of_plugin(kFunction,
                              fmt::format("asked for {} items in ranges of {}{}", count, grain,
                                          body == nullptr ? " without a body" : "")));
    if (count < 0 || body == nullptr) return;
    grain = 1;
  }
  Division division{body, user, count, grain, parallelism(context)};
  self.host_.parallel_for(self.host_.context, count, grain, Division::run, &division);
  if (division.done == count && !division.odd) return;
  self.layer_.report(
      TN_LOG_WARNING, "TN-host-004",
      fmt::format("{}: of {} items in ranges of {} the host ran {}{}; run each once, "
                  "workers below its parallelism",
                  kFunction, count, grain, division.done.load(),
                  division.odd ? ", in ranges or by workers that cannot be" : ""));
}

}  // namespace tenon::layers::validation
