// SPDX-License-Identifier: Apache-2.0
//
// What a vendor declares: tests that the device does not support, and tests that are expected to
// fail, each with a reason.
//
//   {"unsupported": [{"test": "Constant.*", "reason": "no constants"},
//                    {"operator": "tenon.AdamW", "reason": "..."}],
//    "expected_failures": [{"test": "Event.TN_event_005*", "reason": "issue 12"}],
//    "fallback": [{"operator": "Gather", "reason": "..."}]}   (for the joint, not read here)
#pragma once

#include <string>
#include <vector>

namespace tenon::conformance {

struct Declared {
  std::string pattern;  // Of test names, with * and ?.
  std::string reason;
  bool used = false;  // Whether it matched a test: one that does not is out of date.
};

struct Declaration {
  std::vector<Declared> unsupported;
  std::vector<Declared> expected_failures;

  // Throws std::runtime_error with what is wrong.
  static Declaration read(const std::string& path);
};

// The first entry that matches, marked as used; or NULL.
const Declared* match(std::vector<Declared>& entries, const std::string& test);

// `*` stands for any text, `?` for one character.
bool glob_match(const char* pattern, const char* text);

// How operators appear in test names: "Add", "tenon_AdamW".
std::string operator_test_name(const std::string& domain, const std::string& name);

}  // namespace tenon::conformance
