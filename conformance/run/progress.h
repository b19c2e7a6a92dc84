// SPDX-License-Identifier: Apache-2.0
//
// A line on stderr: how many tests have run, what went wrong, and how long the rest will take.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "suite/results.h"

namespace tenon::conformance {

class Progress {
 public:
  Progress(bool shows, size_t tests) : shows_(shows), tests_(tests) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Before a result is printed: the line makes room.
  void add(const TestResult& result);
  // Shows it again where it is old.
  void refresh();
  void clear();

  // "[ 45 %] 9000 of 20000 tests, 3 bad, 1 min 20 s left"
  std::string line(double elapsed_seconds) const;

 private:
  using Clock = std::chrono::steady_clock;
  bool shows_;
  bool is_there_ = false;
  size_t tests_, done_ = 0, bad_ = 0;
  Clock::time_point begin_ = Clock::now(), shown_;
};

}  // namespace tenon::conformance
