// SPDX-License-Identifier: Apache-2.0
//
// Tests in this very process: GoogleTest's events become results. One that crashes or hangs ends
// the process, and says which it was.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "suite/results.h"

namespace tenon::conformance {

// Hands each result on, complaints of the validation layer included.
class Listener : public testing::EmptyTestEventListener {
 public:
  using Take = std::function<void(TestResult)>;
  explicit Listener(Take take) : take_(std::move(take)) {}
  void OnTestStart(const testing::TestInfo& info) override;
  void OnTestEnd(const testing::TestInfo& info) override;

 private:
  Take take_;
};

// From now on a crash, or a test that takes longer, prints the running test's name and ends the
// process: exit code 70 or 124.
void end_at_crash_or_hang(double timeout_seconds);

}  // namespace tenon::conformance
