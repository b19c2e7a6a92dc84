// SPDX-License-Identifier: Apache-2.0
//
// The services that plugins get where the host brings none: a log on stderr and a thread pool.
#pragma once

#include "environment.h"
#include "tenon/tenon.h"
#include "thread_pool.h"

namespace tenon::loader {

// TENON_LOG = debug, info, warning, error or off; without it, warning.
// TENON_NUM_THREADS = threads of a parallel_for; without it, one for each processor that this
// process may use.
class HostServices {
 public:
  // `given` may be NULL. Functions that it lacks log to stderr and run on the calling thread.
  HostServices(const tn_host* given, const Environment& environment);

  const tn_host* get() const { return &host_; }
  void log(tn_log_level level, const char* message) const {
    host_.log(host_.context, level, "loader", message);
  }

 private:
  static void TN_CALL write_log(void* context, tn_log_level level, const char* component,
                                const char* message);
  static void TN_CALL write_log_without_context(void* context, tn_log_level level,
                                                const char* component, const char* message);

  tn_host host_{};
  ThreadPool pool_;
  tn_log_level level_;
};

}  // namespace tenon::loader
