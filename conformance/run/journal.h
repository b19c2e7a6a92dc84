// SPDX-License-Identifier: Apache-2.0
//
// --resume FILE: a line for each result as it comes, behind a line that says of which run they are.
// A run that ended before its time goes on where it was; the files of all shards, one behind the
// other, are the whole.
#pragma once

#include <map>
#include <string>

#include "suite/results.h"
#include "suite/run_options.h"

namespace tenon::conformance {

class Journal {
 public:
  // Reads what is there and goes on behind it. Without a path it keeps nothing. Throws
  // std::runtime_error where the file is of another run, or is no such file.
  explicit Journal(const RunOptions& options);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // What an earlier run came to, by the test's name.
  const std::map<std::string, TestResult>& earlier() const { return earlier_; }
  // On disk when it returns.
  void add(const TestResult& result) const;
  // For one who must not allocate; -1 without a file.
  int file() const { return file_; }

 private:
  int file_ = -1;
  std::map<std::string, TestResult> earlier_;
};

}  // namespace tenon::conformance
