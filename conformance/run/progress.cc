// SPDX-License-Identifier: Apache-2.0
#include "run/progress.h"

#include <cmath>
#include <cstdio>

namespace tenon::conformance {
namespace {

std::string time_of(double seconds) {
  const auto whole = static_cast<long>(std::ceil(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) {
    return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  }
  return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

}  // namespace

std::string Progress::line(double elapsed_seconds) const {
  std::string text = "[" + std::to_string(tests_ == 0 ? 100 : done_ * 100 / tests_) + " %] " +
                     std::to_string(done_) + " of " + std::to_string(tests_) + " tests";
  if (bad_ != 0) text += ", " + std::to_string(bad_) + " bad";
  if (done_ != 0 && done_ < tests_) {
    const double each = elapsed_seconds / static_cast<double>(done_);
    text += ", " + time_of(each * static_cast<double>(tests_ - done_)) + " left";
  }
  return text;
}

void Progress::add(const TestResult& result) {
  ++done_;
  if (is_bad(result.outcome)) ++bad_;
  if (result.outcome != Outcome::kPassed) clear();
}

void Progress::refresh() {
  const Clock::time_point now = Clock::now();
  if (!shows_ || (is_there_ && now - shown_ < std::chrono::milliseconds(500))) return;
  shown_ = now;
  is_there_ = true;
  const double elapsed = std::chrono::duration<double>(now - begin_).count();
  std::fprintf(stderr, "\r\033[K%s", line(elapsed).c_str());
  std::fflush(stderr);
}

void Progress::clear() {
  if (!is_there_) return;
  is_there_ = false;
  std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace tenon::conformance
