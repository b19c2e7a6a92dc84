// SPDX-License-Identifier: Apache-2.0
#include "suite/report.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include "suite/complaints.h"
#include "suite/target.h"

namespace tenon::conformance {
namespace {

// What the signal handler may read: the running test's name. Only one test runs at a time.
char g_running[256] = "(between tests)";

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

std::string message_of(const testing::TestResult& result, bool skips) {
  std::string text;
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (skips ? !part.skipped() : !part.failed()) continue;
    if (!text.empty()) text += "\n";
    if (!skips && part.file_name() != nullptr) {
      const char* file = std::strstr(part.file_name(), "conformance/");
      text += std::string(file != nullptr ? file : part.file_name()) + ":" +
              std::to_string(part.line_number()) + ": ";
    }
    text += part.message();
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kUnsupported:
      return "unsupported";
    case Outcome::kExpectedFailure:
      return "expected failure";
  }
  return "";
}

Reporter::Reporter(Declaration declaration, std::string report_path, double timeout_seconds,
                   bool verbose)
    : declaration_(std::move(declaration)),
      report_path_(std::move(report_path)),
      timeout_seconds_(timeout_seconds),
      verbose_(verbose) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM}) {
    std::signal(signal, on_signal);
  }
}

void Reporter::add(Result result) {
  if (verbose_ || result.outcome != Outcome::kPassed) {
    std::printf("%-16s %s\n", outcome_name(result.outcome), result.test.c_str());
    if (!result.reason.empty()) std::printf("    %s\n", result.reason.c_str());
    std::fflush(stdout);
  }
  results_.push_back(std::move(result));
}

void Reporter::add_unsupported(const std::string& test, const std::string& reason) {
  add({test, Outcome::kUnsupported, "declared: " + reason, 0});
}

void Reporter::add_failure(const std::string& what, const std::string& reason) {
  add({what, Outcome::kFailed, reason, 0});
}

void Reporter::OnTestStart(const testing::TestInfo& info) {
  std::snprintf(g_running, sizeof(g_running), "%s.%s", info.test_suite_name(), info.name());
  ::alarm(static_cast<unsigned>(timeout_seconds_));
}

void Reporter::OnTestEnd(const testing::TestInfo& info) {
  ::alarm(0);
  Result result;
  result.test = std::string(info.test_suite_name()) + "." + info.name();
  result.seconds = static_cast<double>(info.result()->elapsed_time()) / 1000;
  const Declared* expected = match(declaration_.expected_failures, result.test);
  if (info.result()->Failed()) {
    result.outcome = expected != nullptr ? Outcome::kExpectedFailure : Outcome::kFailed;
    result.reason =
        expected != nullptr ? "declared: " + expected->reason : message_of(*info.result(), false);
  } else if (info.result()->Skipped()) {
    result.outcome = Outcome::kUnsupported;
    result.reason = message_of(*info.result(), true);
  } else if (expected != nullptr) {
    result.outcome = Outcome::kFailed;
    result.reason = "passes, but is declared as an expected failure: remove the declaration";
  }
  // Whatever the device is like, a test of the suite keeps the rules.
  for (const std::string& complaint : take_complaints()) {
    result.outcome = Outcome::kFailed;
    result.reason += (result.reason.empty() ? "" : "\n") + complaint;
  }
  add(std::move(result));
}

size_t Reporter::count(Outcome outcome) const {
  size_t result = 0;
  for (const Result& row : results_) result += row.outcome == outcome;
  return result;
}

int Reporter::finish() {
  for (const std::string& note : notes_) std::printf("note: %s\n", note.c_str());
  std::printf("%zu tests: %zu passed, %zu failed, %zu unsupported, %zu expected to fail\n",
              results_.size(), count(Outcome::kPassed), count(Outcome::kFailed),
              count(Outcome::kUnsupported), count(Outcome::kExpectedFailure));
  if (!report_path_.empty()) write_report();
  if (count(Outcome::kPassed) == 0) {
    std::printf("no test passed: that is no result\n");
    return 1;
  }
  return count(Outcome::kFailed) == 0 ? 0 : 1;
}

void Reporter::write_report() const {
  const Target& target = Target::get();
  nlohmann::ordered_json report;
  report["tenon_report"] = 1;
  report["abi"] = {{"major", TN_ABI_MAJOR}, {"minor", TN_ABI_MINOR}};
  report["spec"] = target.spec().text;
  report["plugin"] = {{"name", target.instance().name()}, {"version", target.instance().version()}};
  report["device"] = {{"name", target.info().name}, {"vendor", target.info().vendor}};
  report["profile"] = "base";
  report["passed"] = count(Outcome::kPassed);
  report["failed"] = count(Outcome::kFailed);
  report["unsupported"] = count(Outcome::kUnsupported);
  report["expected_failures"] = count(Outcome::kExpectedFailure);
  report["notes"] = notes_;
  report["tests"] = nlohmann::ordered_json::array();
  for (const Result& row : results_) {
    nlohmann::ordered_json entry = {{"test", row.test}, {"outcome", outcome_name(row.outcome)}};
    if (!row.reason.empty()) entry["reason"] = row.reason;
    entry["seconds"] = row.seconds;
    report["tests"].push_back(std::move(entry));
  }
  std::ofstream stream(report_path_);
  stream << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  if (!stream) std::fprintf(stderr, "cannot write the report %s\n", report_path_.c_str());
}

}  // namespace tenon::conformance
