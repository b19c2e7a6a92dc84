// SPDX-License-Identifier: Apache-2.0
#include "suite/in_process.h"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include "suite/complaints.h"

namespace tenon::conformance {
namespace {

// What the signal handler may read: the running test's name. Only one test runs at a time.
char g_running[256] = "(between tests)";
unsigned g_timeout_seconds = 0;  // 0: somebody else watches.

void write_text(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

// Async-signal-safe: no report, but the name of the test that took the program down.
void on_signal(int signal) {
  write_text(signal == SIGALRM ? "\nHUNG in " : "\nCRASHED in ");
  write_text(g_running);
  write_text("\nthe device does not conform; run that test alone with --filter\n");
  ::_exit(signal == SIGALRM ? 124 : 70);
}

std::string without_end(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// "conformance/base/map_test.cc:12: ", without what is above the repository.
std::string place_of(const testing::TestPartResult& part) {
  if (part.file_name() == nullptr) return "";
  const char* file = std::strstr(part.file_name(), "conformance/");
  return std::string(file != nullptr ? file : part.file_name()) + ":" +
         std::to_string(part.line_number()) + ": ";
}

// The result of a test that GoogleTest has just run.
TestResult result_of(const testing::TestInfo& info) {
  TestResult result = TestResult::named(std::string(info.test_suite_name()) + "." + info.name());
  const testing::TestResult& seen = *info.result();
  result.seconds = static_cast<double>(seen.elapsed_time()) / 1000;
  if (seen.Failed()) {
    result.outcome = Outcome::kFailed;
  } else if (seen.Skipped()) {
    result.outcome = Outcome::kUnsupported;
  }
  for (int i = 0; i < seen.total_part_count(); ++i) {
    const testing::TestPartResult& part = seen.GetTestPartResult(i);
    if (part.failed()) {
      result.add_message(place_of(part) + without_end(part.message()));
    } else if (part.skipped() && !seen.Failed()) {
      result.add_message(without_end(part.message()));
    }
  }
  for (int i = 0; i < seen.test_property_count(); ++i) {
    const testing::TestProperty& property = seen.GetTestProperty(i);
    result.properties.emplace_back(property.key(), property.value());
  }
  return result;
}

}  // namespace

void end_at_crash_or_hang(double timeout_seconds) {
  g_timeout_seconds = static_cast<unsigned>(std::ceil(timeout_seconds));
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM}) {
    std::signal(signal, on_signal);
  }
}

void Listener::OnTestStart(const testing::TestInfo& info) {
  std::snprintf(g_running, sizeof(g_running), "%s.%s", info.test_suite_name(), info.name());
  if (g_timeout_seconds != 0) ::alarm(g_timeout_seconds);
}

void Listener::OnTestEnd(const testing::TestInfo& info) {
  if (g_timeout_seconds != 0) ::alarm(0);
  TestResult result = result_of(info);
  // Whatever the device is like, a test of the suite keeps the rules.
  for (std::string& complaint : take_complaints()) {
    result.outcome = Outcome::kFailed;
    result.add_message(std::move(complaint));
  }
  take_(std::move(result));
}

}  // namespace tenon::conformance
