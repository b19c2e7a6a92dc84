// SPDX-License-Identifier: Apache-2.0
//
// Which tests there are, and which of them a run is about.
#pragma once

#include <string>
#include <vector>

#include "suite/run_options.h"

namespace tenon::conformance {

// Judged in every run, and no tests of GoogleTest's: that the plugin and its device open and
// describe themselves; that nothing happens to the process outside of tests; that all closes again.
inline constexpr const char* kOpens = "Plugin.opens";
inline constexpr const char* kRuns = "Plugin.runs";
inline constexpr const char* kCloses = "Plugin.closes";

// Names of all tests that are registered, in the order in which they run.
std::vector<std::string> registered_tests();
// Throws std::logic_error for a name that cannot be asked for, because patterns give it a meaning.
void check_names(const std::vector<std::string>& names);

// The ones that the filter matches.
std::vector<std::string> filtered(const std::vector<std::string>& names, const std::string& filter);
// Whether the filter may match a name that begins like this.
bool may_match(const std::string& filter, const std::string& begin);
// Which of `shard.count` parts a test is in: of its name alone, so the same in every run.
bool is_in(const Shard& shard, const std::string& name);

// Whether a test can be run where the device does not open: it asks the plugin's entry alone.
bool needs_no_device(const std::string& name);

// Whether a test takes so much of the device that others must not run beside it.
bool wants_the_device_alone(const std::string& name);

// Runs these in this process, in the order in which they are registered.
void run_tests(const std::vector<std::string>& names);

}  // namespace tenon::conformance
