// SPDX-License-Identifier: Apache-2.0
//
// What changed between two reports of a device.
#pragma once

#include <string>
#include <vector>

#include "report/report.h"

namespace tenon::conformance {

struct Change {
  std::string what;
  double before = 0;
  double after = 0;
};

struct Difference {
  std::vector<std::string> remarks;              // Suites, contracts or filters that differ.
  std::vector<std::string> lost, earned;         // "inference (float16)"
  std::vector<std::string> new_failures, fixed;  // Tests
  std::vector<std::string> no_longer_passed, no_longer_there;  // Tests; neither failed.
  std::vector<std::string> shrunk, grown;                      // Claims: "Add 14 (float16)"
  std::vector<Change> errors;                                  // Of a claim, in tolerances.
  std::vector<Change> seconds;                                 // Of a group of tests.

  // Whether the device is worse by anything but time.
  bool worse() const {
    return !lost.empty() || !new_failures.empty() || !shrunk.empty() || !no_longer_passed.empty();
  }
};

Difference compare(const Report& before, const Report& after);

// For people, some lines; "nothing changed" where that is so.
std::string text_of(const Difference& difference);

// "Operator/Add" of "Operator/Add/float32.TN_...", else what stands before the point.
std::string time_group_of(const std::string& test);
// {group, seconds}, the longest first.
std::vector<std::pair<std::string, double>> seconds_by_group(const Report& report);

}  // namespace tenon::conformance
