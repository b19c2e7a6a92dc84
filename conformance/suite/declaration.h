// SPDX-License-Identifier: Apache-2.0
//
// What a vendor declares: forms and capabilities that the device does not offer, and failures that
// are known and waived for a while, each with a reason.
//
//   {"unsupported": [{"test": "Operator/Pad/*_strided", "reason": "dense tensors alone"},
//                    {"operator": "tenon.AdamW", "reason": "..."}],
//    "waivers": [{"test": "EventTest.TN_event_004*", "reason": "issue 12", "until": "2027-03-01"}],
//    "fallback": [{"operator": "Gather", "reason": "..."}]}   (for the joint, not read here)
//
// A declaration hides nothing: tests run whatever it says. It explains a refusal, and it foresees a
// failure until a day; it turns no wrong result into a right one, and takes away nothing that a
// profile makes mandatory.
#pragma once

#include <string>
#include <vector>

#include "suite/results.h"

namespace tenon::conformance {

struct Declared {
  std::string pattern;  // Of test names, with * and ?.
  std::string reason;
  std::string until;  // Of waivers: the last day, "2027-03-01".
  // What the tests that it matches came to.
  std::vector<std::string> passed = {};
  size_t others = 0;
  bool used() const { return others != 0 || !passed.empty(); }
};

struct Declaration {
  std::vector<Declared> unsupported;
  std::vector<Declared> waivers;
  std::string text;  // The file, as it is.

  // Throws std::runtime_error with what is wrong.
  static Declaration read(const std::string& path);
  static Declaration parse(const std::string& text);

  // Turns a result into what it is in the light of the declaration on this day. Takes note of it
  // for faults().
  void apply(TestResult& result, const std::string& today);

  // What is wrong with the declaration itself once all tests have been run, a sentence each, with
  // the pattern that it is about: entries that match no test, or declare unsupported what works.
  // `mandatory` says which profile wants a test, or nothing.
  using Mandatory = std::string (*)(const std::string& rule);
  std::vector<std::pair<std::string, std::string>> faults(Mandatory mandatory) const;
};

// Today's date in UTC, "2026-12-01".
std::string today();

// `*` stands for any text, `?` for one character.
bool glob_match(const char* pattern, const char* text);

// How operators appear in test names: "Add", "tenon_AdamW".
std::string operator_test_name(const std::string& domain, const std::string& name);

}  // namespace tenon::conformance
