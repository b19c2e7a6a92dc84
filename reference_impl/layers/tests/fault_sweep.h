// SPDX-License-Identifier: Apache-2.0
//
// A program under every fault: for each function that can fail, its first call fails, then its
// second, until there is no such call.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#if defined(TENON_SANITIZED) && __has_include(<sanitizer/lsan_interface.h>)
#include <sanitizer/lsan_interface.h>
#if defined(__SANITIZE_ADDRESS__)
#define TENON_FINDS_LEAKS 1
#endif
#endif

#include "tenon/tenon.h"

namespace tenon::layers {

inline const std::vector<std::string>& fallible_functions() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
#define TN_SLOT(ordinal, result, name, parameters, arguments) \
  if (std::strcmp(#result, "tn_status") == 0) names.push_back(#name);
#include "reference_impl/loader/slots.inc"
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments) \
  names.push_back(#name);
#include "reference_impl/layers/extensions.inc"
    std::erase(names, "instance_create");    // The loader's, before there are layers.
    std::erase(names, "instance_get_info");  // libtenon's own.
    return names;
  }();
  return all;
}

// Names in messages what hangs, and ends the program.
class Watch {
 public:
  explicit Watch(const std::string& what) {
    std::strncpy(name(), what.c_str(), 127);
    signal(SIGALRM, [](int) {
      const char text[] = "hangs: ";
      [[maybe_unused]] ssize_t ignored = write(STDOUT_FILENO, text, sizeof(text) - 1);
      ignored = write(STDOUT_FILENO, name(), std::strlen(name()));
      abort();
    });
    alarm(180);
  }
  ~Watch() { alarm(0); }

 private:
  static char* name() {
    static char text[128];
    return text;
  }
};

// Runs `program` with TENON_FAULT set so; how often the layer says that it did something.
inline int run_with(const std::string& fault, const std::function<void()>& program) {
  const Watch watch(fault);
  setenv("TENON_FAULT", fault.c_str(), 1);
  setenv("TENON_LOG", "info", 1);
  testing::internal::CaptureStderr();
  program();
  const std::string log = testing::internal::GetCapturedStderr();
  unsetenv("TENON_FAULT");
  int strikes = 0;
  for (size_t at = log.find("of plugin '"); at != std::string::npos;
       at = log.find("of plugin '", at + 1)) {
    ++strikes;
  }
  // Two layers: what the host does wrong after a failure, and a layer that fails as none may.
  EXPECT_EQ(log.find("validation"), std::string::npos) << fault << ":\n" << log;
  return strikes;
}

// `program` gets the fault's kind. All calls with TENON_FAULT_SWEEP=all, else those of small and
// some larger numbers.
inline int sweep(const std::vector<std::string>& kinds,
                 const std::function<void(const std::string& kind)>& program) {
  const char* extent = std::getenv("TENON_FAULT_SWEEP");
  const bool all = extent != nullptr && std::strcmp(extent, "all") == 0;
  int struck = 0;
  for (const std::string& function : fallible_functions()) {
    for (const std::string& kind : kinds) {
      for (int call = 1, before = 1; call < 10000;) {
        const std::string fault = function + ":" + std::to_string(call) + ":" + kind;
        if (run_with(fault, [&] { program(kind); }) == 0) break;
        ++struck;
        const int next = all ? call + 1 : call + before;
        before = call;
        call = next;
      }
      if (testing::Test::HasFailure()) return struck;
    }
#if TENON_FINDS_LEAKS
    EXPECT_EQ(__lsan_do_recoverable_leak_check(), 0) << "where " << function << " fails";
#endif
  }
  return struck;
}

}  // namespace tenon::layers
