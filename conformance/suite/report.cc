// SPDX-License-Identifier: Apache-2.0
#include "suite/report.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "report/diff.h"
#include "report/html.h"
#include "report/junit.h"
#include "report/package.h"
#include "report/profiles.h"
#include "report/sha256.h"

namespace tenon::conformance {
namespace {

constexpr size_t kReproducers = 100;  // In a report: each holds the values of a test.
constexpr size_t kMissingShown = 8;

void print_verdicts(const Report& report) {
  for (const ProfileResult& verdict : report.verdicts) {
    std::printf("profile %-14s %s\n", verdict.profile.c_str(), line_of(verdict).c_str());
    for (size_t i = 0; i < verdict.missing.size() && i < kMissingShown; ++i) {
      std::printf("    %s\n", verdict.missing[i].c_str());
    }
    if (verdict.missing.size() > kMissingShown) {
      std::printf("    and %zu more, which the report lists\n",
                  verdict.missing.size() - kMissingShown);
    }
  }
}

void print_counts(const Report& report) {
  std::printf("%zu tests: %zu passed, %zu failed, %zu unsupported, %zu waived\n",
              report.results.size(), report.count(Outcome::kPassed), report.count(Outcome::kFailed),
              report.count(Outcome::kUnsupported), report.count(Outcome::kExpected));
  for (const Outcome outcome : {Outcome::kCrashed, Outcome::kHung, Outcome::kNotRun}) {
    if (const size_t n = report.count(outcome)) std::printf("%zu %s\n", n, outcome_name(outcome));
  }
}

bool is_whole(const RunOptions& options) {
  return options.filter == "*" && options.shard.count == 1 && !options.smoke();
}

// One for each group of tests, up to a number; the page would be too long for more.
void drop_reproducers(std::vector<TestResult>& results) {
  std::set<std::string> groups;
  for (TestResult& result : results) {
    std::erase_if(result.properties, [&](const auto& property) {
      if (property.first != "reproducer") return false;
      return !is_bad(result.outcome) || groups.size() >= kReproducers ||
             !groups.insert(result.group).second;
    });
  }
}

}  // namespace

Reporter::Reporter(Declaration declaration, const RunOptions& options)
    : declaration_(std::move(declaration)), options_(options), today_(today()) {}

void Reporter::keep(TestResult result) {
  if (options_.verbose || result.outcome != Outcome::kPassed) print(result);
  results_.push_back(std::move(result));
}

void Reporter::print(const TestResult& result) {
  // Whatever kept one test from running keeps many: they are counted at the end.
  if (result.outcome == Outcome::kNotRun && !options_.verbose) {
    if (result.reason() == not_run_) return;
    not_run_ = result.reason();
  }
  std::printf("%-16s %s\n", outcome_name(result.outcome), result.name.c_str());
  for (const std::string& message : result.messages) std::printf("    %s\n", message.c_str());
  const bool is_test = !result.name.starts_with("(");
  if (is_bad(result.outcome) && result.outcome != Outcome::kNotRun && is_test) {
    std::printf("    alone: %s\n", options_.command_for(result.name).c_str());
  }
  std::fflush(stdout);
}

void Reporter::add(TestResult result) {
  declaration_.apply(result, today_);
  keep(std::move(result));
}

void Reporter::add_failure(const std::string& what, const std::string& reason) {
  TestResult result = TestResult::named("(" + what + ")");
  result.outcome = Outcome::kFailed;
  result.add_message(reason);
  keep(std::move(result));
}

std::vector<ClaimResult> Reporter::claims() const { return claim_results_of(subject_, results_); }

Report Reporter::report() const {
  Report report = Report::of(subject_, declaration_, results_);
  drop_reproducers(report.results);
  const char* layers = std::getenv("TENON_LAYERS");
  report.layers = layers != nullptr ? layers : "";
  report.filter = options_.filter;
  report.whole = is_whole(options_);
  report.smoke = options_.smoke();
  report.seed = options_.seed;
  report.sha256 = sha256_of_file(subject_.library);
  report.subject.library = std::filesystem::path(subject_.library).filename();
  report.notes = notes_;
  report.conclude();
  return report;
}

void Reporter::compare_with_last(const Report& report) const {
  if (options_.since.empty()) return;
  const Difference difference = compare(Report::read(options_.since), report);
  std::printf("since %s:\n%s", options_.since.c_str(), text_of(difference).c_str());
}

int Reporter::finish() {
  // An entry that matches nothing hides a typing error, or a test that is gone.
  if (is_whole(options_)) {
    for (const auto& [pattern, fault] : declaration_.faults(mandatory_in)) {
      add_failure("declaration: " + pattern, fault);
    }
  }
  const Report made = report();
  for (const std::string& note : notes_) std::printf("note: %s\n", note.c_str());
  print_counts(made);
  print_verdicts(made);
  try {
    compare_with_last(made);
    if (!options_.report.empty()) write_json(options_.report, to_json(made, options_.brief));
    if (!options_.junit.empty()) write_text(options_.junit, junit_of(made));
    if (!options_.html.empty()) write_text(options_.html, html_of(made));
    if (!options_.submit.empty()) write_json(options_.submit, package_of(made));
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "tenon conform: %s\n", exception.what());
    return 1;
  }
  if (made.count(Outcome::kPassed) == 0) {
    std::printf("no test passed: that is no result\n");
    return 1;
  }
  return made.failed() || (made.whole && !made.verdict("base")->earned) ? 1 : 0;
}

}  // namespace tenon::conformance
