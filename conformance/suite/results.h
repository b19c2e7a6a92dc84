// SPDX-License-Identifier: Apache-2.0
//
// What became of one test, and of which device: what a process that runs tests tells the one that
// judges, and what reports are made of. Lines of JSON carry them between processes and to --resume.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace tenon::conformance {

enum class Outcome {
  kPassed,
  kFailed,
  kUnsupported,  // Skipped, with a reason: never passed.
  kExpected,     // Failed, as the vendor declared that it would.
  kCrashed,      // Took its process down: a signal, abort, exit.
  kHung,         // Was ended after its time.
  kNotRun        // Could not be run, with a reason: the device did not open.
};

// "passed", "failed", "unsupported", "expected", "crashed", "hung", "not_run": in reports and
// lines.
const char* outcome_name(Outcome outcome);
// Throws std::invalid_argument.
Outcome outcome_of(const std::string& name);
// Whether a device with such a result does not conform.
bool is_bad(Outcome outcome);

struct TestResult {
  std::string name;   // "MapTest.TN_map_004_...": what --filter takes.
  std::string group;  // "MapTest": the tests that are run together.
  std::string rule;   // "TN-map-004"; empty where the name has none.
  Outcome outcome = Outcome::kPassed;
  double seconds = 0;                 // On the clock, everything included.
  double compile_seconds = 0;         // Of these within kernel_create and kernel_supports.
  std::vector<std::string> messages;  // Of all but kPassed: why. One for each failed expectation.
  // What the test recorded with GoogleTest's RecordProperty, in its order: "operator", "dtype", ...
  std::vector<std::pair<std::string, std::string>> properties;

  // Group and rule follow from the name.
  static TestResult named(const std::string& name);
  // The value of a property; empty where there is none.
  std::string property(const std::string& key) const;
  void add_message(std::string message) { messages.push_back(std::move(message)); }
  // The messages, one below the other.
  std::string reason() const;
};

// One line without a line break; and back, which throws std::invalid_argument for what is no
// result. Bytes that are not UTF-8 (a plugin's message may hold any) become U+FFFD.
std::string to_line(const TestResult& result);
TestResult result_from_line(const std::string& line);
nlohmann::ordered_json to_json(const TestResult& result);
TestResult result_from_json(const nlohmann::ordered_json& json);

}  // namespace tenon::conformance
