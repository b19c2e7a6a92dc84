// SPDX-License-Identifier: Apache-2.0
#include "suite/report.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tenon/tenon.h"

namespace tenon::conformance {
namespace {

// A failure that was foreseen, and a pass that was not.
void apply(const Declared& expected, TestResult& result) {
  if (is_bad(result.outcome)) {
    result.outcome = Outcome::kExpected;
    result.messages.insert(result.messages.begin(), "declared: " + expected.reason);
  } else if (result.outcome == Outcome::kPassed) {
    result.outcome = Outcome::kFailed;
    result.add_message("passes, but is declared as an expected failure: remove the declaration");
  }
}

}  // namespace

Reporter::Reporter(Declaration declaration, std::string report_path, bool verbose)
    : declaration_(std::move(declaration)),
      report_path_(std::move(report_path)),
      verbose_(verbose) {}

void Reporter::keep(TestResult result) {
  if (verbose_ || result.outcome != Outcome::kPassed) {
    std::printf("%-16s %s\n", outcome_name(result.outcome), result.name.c_str());
    for (const std::string& message : result.messages) std::printf("    %s\n", message.c_str());
    std::fflush(stdout);
  }
  results_.push_back(std::move(result));
}

void Reporter::add(TestResult result) {
  if (const Declared* expected = match(declaration_.expected_failures, result.name)) {
    apply(*expected, result);
  }
  keep(std::move(result));
}

void Reporter::add_unsupported(const std::string& test, const std::string& reason) {
  TestResult result = TestResult::named(test);
  result.outcome = Outcome::kUnsupported;
  result.add_message("declared: " + reason);
  keep(std::move(result));
}

void Reporter::add_failure(const std::string& what, const std::string& reason) {
  TestResult result = TestResult::named(what);
  result.outcome = Outcome::kFailed;
  result.add_message(reason);
  keep(std::move(result));
}

size_t Reporter::count(Outcome outcome) const {
  size_t result = 0;
  for (const TestResult& row : results_) result += row.outcome == outcome;
  return result;
}

int Reporter::finish() {
  for (const std::string& note : notes_) std::printf("note: %s\n", note.c_str());
  std::printf("%zu tests: %zu passed, %zu failed, %zu unsupported, %zu expected to fail\n",
              results_.size(), count(Outcome::kPassed), count(Outcome::kFailed),
              count(Outcome::kUnsupported), count(Outcome::kExpected));
  for (const Outcome outcome : {Outcome::kCrashed, Outcome::kHung, Outcome::kNotRun}) {
    if (const size_t n = count(outcome)) std::printf("%zu %s\n", n, outcome_name(outcome));
  }
  if (!report_path_.empty()) write_report();
  if (count(Outcome::kPassed) == 0) {
    std::printf("no test passed: that is no result\n");
    return 1;
  }
  for (const TestResult& row : results_) {
    if (is_bad(row.outcome)) return 1;
  }
  return 0;
}

void Reporter::write_report() const {
  nlohmann::ordered_json report;
  report["tenon_report"] = 1;
  report["abi"] = {{"major", TN_ABI_MAJOR}, {"minor", TN_ABI_MINOR}};
  report["spec"] = subject_.spec;
  report["plugin"] = {{"name", subject_.plugin}, {"version", subject_.plugin_version}};
  report["device"] = {{"name", subject_.device}, {"vendor", subject_.vendor}};
  report["profile"] = "base";
  report["passed"] = count(Outcome::kPassed);
  report["failed"] = count(Outcome::kFailed);
  report["unsupported"] = count(Outcome::kUnsupported);
  report["expected_failures"] = count(Outcome::kExpected);
  report["crashed"] = count(Outcome::kCrashed);
  report["hung"] = count(Outcome::kHung);
  report["not_run"] = count(Outcome::kNotRun);
  report["notes"] = notes_;
  report["tests"] = nlohmann::ordered_json::array();
  for (const TestResult& row : results_) report["tests"].push_back(to_json(row));
  std::ofstream stream(report_path_);
  stream << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  if (!stream) std::fprintf(stderr, "cannot write the report %s\n", report_path_.c_str());
}

}  // namespace tenon::conformance
