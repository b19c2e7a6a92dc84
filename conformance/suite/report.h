// SPDX-License-Identifier: Apache-2.0
//
// From results of tests to a verdict. A skip is "unsupported" and never a pass; a waived failure
// that passes is a failure, and a declaration hides nothing. Where a result comes from, this
// process or another, is not seen here.
#pragma once

#include <string>
#include <vector>

#include "report/report.h"
#include "suite/declaration.h"
#include "suite/results.h"
#include "suite/run_options.h"
#include "suite/subject.h"

namespace tenon::conformance {

class Reporter {
 public:
  // Which files are written, and whether the run is a whole one, is in the options.
  Reporter(Declaration declaration, const RunOptions& options);

  // Whom the results are of; before finish().
  void set_subject(Subject subject) { subject_ = std::move(subject); }
  // What a test came to, before anything that the vendor declared: that is applied here.
  void add(TestResult result);
  // Something that is wrong with the run itself; `what` is no test, and is put in parentheses.
  void add_failure(const std::string& what, const std::string& reason);
  void add_note(std::string note) { notes_.push_back(std::move(note)); }

  const std::vector<TestResult>& results() const { return results_; }
  // What they come to for the device's claims.
  std::vector<ClaimResult> claims() const;

  // Prints the summary, writes the reports, and returns the exit code: 0 when nothing failed and,
  // after a whole run, the profile base is earned.
  int finish();

 private:
  void keep(TestResult result);
  void print(const TestResult& result);
  Report report() const;
  void compare_with_last(const Report& report) const;

  Declaration declaration_;
  RunOptions options_;
  std::string today_;
  Subject subject_;
  std::vector<TestResult> results_;
  std::vector<std::string> notes_;
  std::string not_run_;  // The reason that was printed last for a test that was not run.
};

}  // namespace tenon::conformance
