// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "report/profiles.h"

namespace tenon::conformance {
namespace {

struct RuleRow {
  const char* id;
  const char* sentence;
};

#include "report/generated/profiles.inc"

}  // namespace

const std::vector<Profile>& profiles() { return kProfiles; }

int suite_version() { return kSuiteVersion; }

std::string contract_name() { return TENON_CONTRACT; }

std::string sentence_of(const std::string& rule) {
  for (const RuleRow& row : kRules) {
    if (rule == row.id) return row.sentence;
  }
  return "";
}

std::string mandatory_in(const std::string& rule) {
  for (const Profile& profile : kProfiles) {
    const bool lacks = std::any_of(profile.may_lack.begin(), profile.may_lack.end(),
                                   [&](const auto& one) { return one.first == rule; });
    if (!lacks &&
        std::find(profile.rules.begin(), profile.rules.end(), rule) != profile.rules.end()) {
      return profile.name;
    }
  }
  return "";
}

}  // namespace tenon::conformance
