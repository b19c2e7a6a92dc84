// SPDX-License-Identifier: Apache-2.0
//
// A report: what one run of the suite found out about one device, as data. The suite writes it,
// `tenon report` reads it; conformance/report/schema.json says what is in the file. Verdicts are
// judged anew from the results, never taken from a file, but from a brief one, which has no more.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "suite/declaration.h"
#include "suite/results.h"
#include "suite/subject.h"

namespace tenon::conformance {

// What the tests of one claim (claimed.h) came to.
struct ClaimResult {
  std::string name;  // "Add", "tenon.AdamW"
  int version = 0;
  std::string constraint;  // "T1": the type constraint that the element type is claimed for.
  bool first = true;       // Whether it is the first that the device lists.
  std::string dtype;
  size_t passed = 0;
  size_t failed = 0;
  size_t unsupported = 0;
  size_t waived = 0;
  size_t declared = 0;              // Of those unsupported: explained by the vendor.
  double worst_in_tolerances = -1;  // Of all errors; below 0 where no test tells.
  double worst_in_ulps = -1;
  size_t tests() const { return passed + failed + unsupported + waived; }
  // Whether any test came so far that it could tell.
  bool reached() const { return passed + failed + waived != 0; }
};

// Whether a profile (profiles.h) is earned, and what is missing.
struct ProfileResult {
  std::string profile;
  bool judged = false;               // False after a part of the suite.
  bool earned = false;               // For the device, or at least one element type.
  std::vector<std::string> types;    // Those it is earned for.
  std::vector<std::string> missing;  // For the profile, or for the type that lacks least.
  std::string nearest;               // That type.
  // What each type that is not earned lacks.
  std::vector<std::pair<std::string, std::vector<std::string>>> missing_by_type;
};

struct Report {
  int suite = 0;         // Version of the conformance suite.
  std::string contract;  // Which operators, tolerances, rules and profiles it judged by.
  int abi_major = 0;
  int abi_minor = 0;
  std::string date;    // Of the run, in UTC: "2026-12-01".
  std::string layers;  // Between suite and plugin: "validation".
  std::string filter = "*";
  bool whole = false;  // All tests of the suite, none left out.
  bool smoke = false;  // Of each claim a sample alone.
  uint64_t seed = 1;   // Of what was random.
  std::string sha256;  // Of the plugin's library; empty where it could not be read.
  Subject subject;
  Declaration declaration;
  std::vector<std::string> notes;
  std::vector<TestResult> results;
  bool brief = false;  // Results of tests that passed are left out: what follows is from the file.

  // What follows from the results; conclude() makes it.
  std::vector<ClaimResult> claims;
  std::vector<ProfileResult> verdicts;
  std::array<size_t, 7> counts{};  // By Outcome.

  // With what this program was built from, and today's date. Not concluded.
  static Report of(Subject subject, Declaration declaration, std::vector<TestResult> results);
  void conclude();
  // Throws std::runtime_error with what is wrong with the file.
  static Report read(const std::string& path);
  static Report from_json(const nlohmann::ordered_json& json);

  size_t count(Outcome outcome) const { return counts[static_cast<size_t>(outcome)]; }
  bool failed() const;  // Whether any result is bad.
  const ProfileResult* verdict(const std::string& profile) const;
};

// "Add 14 (float16)", "Cast 25 (T2 int8)".
std::string name_of(const ClaimResult& claim);

// The operator of a test's claim, "tenon.AdamW"; empty where it is of none.
std::string operator_of(const TestResult& result);

// Counted anew from the results, in the order of the device's table.
std::vector<ClaimResult> claim_results_of(const Subject& subject,
                                          const std::vector<TestResult>& results);

// What is written to a file. With `brief` without tests that passed.
nlohmann::ordered_json to_json(const Report& report, bool brief = false);

// For a file: a line for each test.
std::string text_of(const nlohmann::ordered_json& json);

// Writes, or throws std::runtime_error.
void write_text(const std::string& path, const std::string& text);
std::string read_text(const std::string& path);
void write_json(const std::string& path, const nlohmann::ordered_json& json);

}  // namespace tenon::conformance
