// SPDX-License-Identifier: Apache-2.0
//
// From GoogleTest's results to conformance results. A skip is "unsupported" and never a pass; an
// expected failure that passes is a failure.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "suite/declaration.h"

namespace tenon::conformance {

enum class Outcome { kPassed, kFailed, kUnsupported, kExpectedFailure };

const char* outcome_name(Outcome outcome);

struct Result {
  std::string test;
  Outcome outcome = Outcome::kPassed;
  std::string reason;  // Of all but kPassed.
  double seconds = 0;
};

// Collects the result of each test, and ends the program when one crashes or hangs: then it prints
// which, and the report says so.
class Reporter : public testing::EmptyTestEventListener {
 public:
  Reporter(Declaration declaration, std::string report_path, double timeout_seconds, bool verbose);

  // A test that the vendor declared unsupported: it is not run.
  void add_unsupported(const std::string& test, const std::string& reason);
  // Something that is wrong with the run itself (a declaration that matches nothing).
  void add_failure(const std::string& what, const std::string& reason);
  void add_note(std::string note) { notes_.push_back(std::move(note)); }

  Declaration& declaration() { return declaration_; }

  void OnTestStart(const testing::TestInfo& info) override;
  void OnTestEnd(const testing::TestInfo& info) override;

  // Prints the summary, writes the report, and returns the exit code: 0 when nothing failed.
  int finish();

 private:
  void add(Result result);
  void write_report() const;
  size_t count(Outcome outcome) const;

  Declaration declaration_;
  std::string report_path_;
  double timeout_seconds_;
  bool verbose_;
  std::vector<Result> results_;
  std::vector<std::string> notes_;
};

}  // namespace tenon::conformance
