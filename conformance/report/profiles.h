// SPDX-License-Identifier: Apache-2.0
//
// Which profiles a device earns, and what is missing for the others (spec/profiles.yaml).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/report.h"

namespace tenon::conformance {

struct Profile {
  std::string name;
  std::string says;
  std::vector<std::string> needs;
  std::vector<std::string> rules;
  std::vector<std::pair<std::string, std::string>> may_lack;  // {rule, why}
  std::vector<std::string> types;                             // Earned for each of them.
  // {operator, element types; "T": the one in question; "claimed": all of the table}
  std::vector<std::pair<std::string, std::vector<std::string>>> operators;
};

const std::vector<Profile>& profiles();
int suite_version();
// Short name of what spec/ said when this program was built: operators, tolerances, rules,
// profiles.
std::string contract_name();

// The sentence of a rule; empty for an unknown one.
std::string sentence_of(const std::string& rule);

// The profile whose rule this is and that lets no device lack it; empty for none.
std::string mandatory_in(const std::string& rule);

std::vector<ProfileResult> judge_profiles(const Report& report);

// "float32, float16" or "nothing": a line for people.
std::string line_of(const ProfileResult& verdict);

}  // namespace tenon::conformance
