// SPDX-License-Identifier: Apache-2.0
//
// From results of tests to a verdict. A skip is "unsupported" and never a pass; an expected failure
// that passes is a failure. Where a result comes from, this process or another, is not seen here.
#pragma once

#include <string>
#include <vector>

#include "suite/declaration.h"
#include "suite/results.h"
#include "suite/subject.h"

namespace tenon::conformance {

class Reporter {
 public:
  Reporter(Declaration declaration, std::string report_path, bool verbose);

  // Whom the results are of; before finish().
  void set_subject(Subject subject) { subject_ = std::move(subject); }
  // What a test came to, before anything that the vendor declared: that is applied here.
  void add(TestResult result);
  // A test that the vendor declared unsupported: it is not run.
  void add_unsupported(const std::string& test, const std::string& reason);
  // Something that is wrong with the run itself (a declaration that matches nothing).
  void add_failure(const std::string& what, const std::string& reason);
  void add_note(std::string note) { notes_.push_back(std::move(note)); }

  Declaration& declaration() { return declaration_; }
  const std::vector<TestResult>& results() const { return results_; }

  // Prints the summary, writes the report, and returns the exit code: 0 when nothing failed.
  int finish();

 private:
  void keep(TestResult result);
  void write_report() const;
  size_t count(Outcome outcome) const;

  Declaration declaration_;
  std::string report_path_;
  bool verbose_;
  Subject subject_;
  std::vector<TestResult> results_;
  std::vector<std::string> notes_;
};

}  // namespace tenon::conformance
