// SPDX-License-Identifier: Apache-2.0
//
// A submission: a whole report of one binary, in a file that somebody else can check. What can be
// checked without the binary is checked here; `tenon report verify` runs a sample of the tests.
//
// Nothing here is secret, so whoever edits a package can also write its digest anew: a digest finds
// damage, the sample finds lies, and a detached signature (ssh-keygen -Y sign, gpg, openssl) says
// who handed it in.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "report/report.h"

namespace tenon::conformance {

// Throws std::runtime_error for a report that cannot be handed in: a part of the suite, results
// that passed left out, layers before the plugin, no hash of the binary.
nlohmann::ordered_json package_of(const Report& report);

struct Package {
  Report report;
  // Why it is refused, a sentence each: damaged or edited, another suite or contract, results that
  // do not bear out its verdicts, or waivers that are not in its declaration.
  std::vector<std::string> faults;
};

// Throws std::runtime_error for a file that is no package.
Package read_package(const std::string& path);

// Whether it is about this binary; empty, or why not.
std::string binary_fault(const Report& report, const std::string& library);

// What the suite would run on the plugin against what the package has results of.
std::vector<std::string> list_faults(const Report& report, const std::vector<std::string>& tests);

// `count` of the tests that were run, the same for the same seed.
std::vector<std::string> sample_of(const Report& report, size_t count, uint64_t seed);

// How results of the sample that was run again differ.
std::vector<std::string> sample_faults(const Report& report, const std::vector<std::string>& sample,
                                       const Report& again);

// The user's PLUGIN[:INDEX][?KEY=VALUE] with another path for the plugin.
std::string spec_with_library(const std::string& spec, const std::string& library);

}  // namespace tenon::conformance
