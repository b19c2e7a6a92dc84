// SPDX-License-Identifier: Apache-2.0
//
// The host's services as a plugin gets them: what it asks of them is held against the standard
// before the host sees it, and so is what the host makes of it.
#pragma once

#include <cstdint>

#include "tenon/tenon.h"

namespace tenon::layers::validation {

class Validation;

class HostServices {
 public:
  // Both outlive it. The loader has filled in what the host left out.
  HostServices(const Validation& layer, const tn_host& host);
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const tn_host* get() const { return &services_; }

 private:
  static void TN_CALL log(void* context, tn_log_level level, const char* component,
                          const char* message);
  static int32_t TN_CALL parallelism(void* context);
  static void TN_CALL parallel_for(void* context, int64_t count, int64_t grain,
                                   tn_parallel_body body, void* user);

  const Validation& layer_;
  const tn_host& host_;
  tn_host services_;
};

}  // namespace tenon::layers::validation
