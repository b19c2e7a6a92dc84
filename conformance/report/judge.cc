// SPDX-License-Identifier: Apache-2.0
#include "report/profiles.h"

#include <algorithm>
#include <map>

namespace tenon::conformance {
namespace {

// What tests came to that belong together, and one of each kind as an example.
struct Tally {
  size_t passed = 0;
  size_t failed = 0;
  size_t unsupported = 0;
  size_t waived = 0;
  const TestResult* bad = nullptr;
  const TestResult* skipped = nullptr;
  const TestResult* foreseen = nullptr;

  void add(const TestResult& result) {
    if (result.outcome == Outcome::kPassed) {
      ++passed;
    } else if (result.outcome == Outcome::kUnsupported) {
      ++unsupported;
      skipped = skipped != nullptr ? skipped : &result;
    } else if (result.outcome == Outcome::kExpected) {
      ++waived;
      foreseen = foreseen != nullptr ? foreseen : &result;
    } else {
      ++failed;
      bad = bad != nullptr ? bad : &result;
    }
  }
};

std::string tests(size_t count) {
  return std::to_string(count) + (count == 1 ? " test" : " tests");
}

std::string first_line(const TestResult& result) {
  const std::string text = result.reason();
  return text.substr(0, text.find('\n'));
}

// A device's results, by what profiles ask for.
class Evidence {
 public:
  explicit Evidence(const Report& report) : report_(report) {
    for (const TestResult& result : report.results) {
      if (!result.rule.empty()) {
        rules_[{result.rule, ""}].add(result);
        const std::string dtype = result.property("dtype");
        if (!dtype.empty()) rules_[{result.rule, dtype}].add(result);
      }
    }
    for (const ClaimResult& claim : report.claims) {
      if (claim.first) claims_[{claim.name, claim.dtype}].push_back(&claim);
    }
  }

  const Tally* rule(const std::string& id, const std::string& type) const {
    const auto found = rules_.find({id, type});
    return found == rules_.end() ? nullptr : &found->second;
  }

  // Of all since-versions that the device lists.
  std::vector<const ClaimResult*> claims(const std::string& name, const std::string& type) const {
    const auto found = claims_.find({name, type});
    return found == claims_.end() ? std::vector<const ClaimResult*>() : found->second;
  }

  std::vector<std::string> claimed_types(const std::string& name) const {
    std::vector<std::string> types;
    for (const auto& [key, claims] : claims_) {
      if (key.first == name) types.push_back(key.second);
    }
    return types;
  }

 private:
  const Report& report_;
  std::map<std::pair<std::string, std::string>, Tally> rules_;
  std::map<std::pair<std::string, std::string>, std::vector<const ClaimResult*>> claims_;
};

// Empty when the rule is kept; `type` is empty for rules of the whole device.
std::string missing_rule(const Evidence& evidence, const Profile& profile, const std::string& rule,
                         const std::string& type) {
  const Tally* tally = evidence.rule(rule, type);
  const std::string head = rule + (type.empty() ? "" : " (" + type + ")") + ": ";
  if (tally == nullptr) return head + "no test was run";
  if (tally->failed != 0) return head + tests(tally->failed) + " failed: " + tally->bad->name;
  if (tally->waived != 0) {
    return head + tests(tally->waived) +
           " waived, which earns nothing: " + first_line(*tally->foreseen);
  }
  const bool lacks = std::any_of(profile.may_lack.begin(), profile.may_lack.end(),
                                 [&](const auto& one) { return one.first == rule; });
  if (tally->passed == 0 && !lacks) {
    return head + "mandatory, but unsupported: " + first_line(*tally->skipped);
  }
  return "";
}

std::string missing_claim(const ClaimResult& claim) {
  const std::string head = name_of(claim) + ": ";
  if (claim.tests() == 0) return head + "claimed, but no test reached it";
  if (claim.failed != 0) return head + tests(claim.failed) + " failed";
  if (claim.waived != 0) return head + tests(claim.waived) + " waived, which earns nothing";
  if (claim.declared != 0) {
    return head + tests(claim.declared) + " declared unsupported, which earns nothing";
  }
  if (claim.passed == 0)
    return head + "no test passed, " + tests(claim.unsupported) + " unsupported";
  return "";
}

void missing_operator(const Evidence& evidence, const std::string& name, const std::string& type,
                      std::vector<std::string>& out) {
  const std::vector<const ClaimResult*> claims = evidence.claims(name, type);
  if (claims.empty()) out.push_back(name + " (" + type + "): not in the device's table");
  for (const ClaimResult* claim : claims) {
    if (std::string missing = missing_claim(*claim); !missing.empty()) {
      out.push_back(std::move(missing));
    }
  }
}

std::vector<std::string> missing_for(const Evidence& evidence, const Profile& profile,
                                     const std::string& type) {
  std::vector<std::string> out;
  for (const std::string& rule : profile.rules) {
    std::string missing = missing_rule(evidence, profile, rule, type);
    if (!missing.empty()) out.push_back(std::move(missing));
  }
  for (const auto& [name, words] : profile.operators) {
    for (const std::string& word : words) {
      if (word != "claimed") {
        missing_operator(evidence, name, word == "T" ? type : word, out);
        continue;
      }
      const std::vector<std::string> types = evidence.claimed_types(name);
      if (types.empty()) out.push_back(name + ": not in the device's table");
      for (const std::string& one : types) missing_operator(evidence, name, one, out);
    }
  }
  return out;
}

// Base also asks that claims are more than words, and that the run itself was in order.
void missing_for_base(const Report& report, std::vector<std::string>& out) {
  for (const ClaimResult& claim : report.claims) {
    const bool of_contract =
        claim.name.find('.') == std::string::npos || claim.name.starts_with("tenon.");
    if (of_contract && !claim.reached()) out.push_back(missing_claim(claim));
  }
  for (const TestResult& result : report.results) {
    if (result.group.starts_with("(") && is_bad(result.outcome)) {
      out.push_back(result.name + ": " + first_line(result));
    }
  }
}

// What is missing of the profiles that must be earned before; in the same type where they have it.
void missing_needs(const std::vector<ProfileResult>& before, const Profile& profile,
                   const std::string& type, std::vector<std::string>& out) {
  for (const std::string& need : profile.needs) {
    const auto found =
        std::find_if(before.begin(), before.end(),
                     [&](const ProfileResult& verdict) { return verdict.profile == need; });
    const bool by_type = !found->types.empty() || !found->missing_by_type.empty();
    const bool earned =
        by_type ? std::find(found->types.begin(), found->types.end(), type) != found->types.end()
                : found->earned;
    if (!earned) out.push_back("the profile " + need + (by_type ? " (" + type + ")" : ""));
  }
}

ProfileResult judge_one(const Report& report, const Evidence& evidence, const Profile& profile,
                        const std::vector<ProfileResult>& before) {
  ProfileResult verdict;
  verdict.profile = profile.name;
  verdict.judged = report.whole;
  if (!report.whole) return verdict;
  if (profile.types.empty()) {
    verdict.missing = missing_for(evidence, profile, "");
    if (profile.name == "base") missing_for_base(report, verdict.missing);
    missing_needs(before, profile, "", verdict.missing);
    verdict.earned = verdict.missing.empty();
    return verdict;
  }
  for (const std::string& type : profile.types) {
    std::vector<std::string> missing;
    missing_needs(before, profile, type, missing);
    for (std::string& one : missing_for(evidence, profile, type)) missing.push_back(std::move(one));
    if (missing.empty()) {
      verdict.types.push_back(type);
      continue;
    }
    if (verdict.nearest.empty() || missing.size() < verdict.missing.size()) {
      verdict.nearest = type;
      verdict.missing = missing;
    }
    verdict.missing_by_type.emplace_back(type, std::move(missing));
  }
  verdict.earned = !verdict.types.empty();
  return verdict;
}

}  // namespace

std::vector<ProfileResult> judge_profiles(const Report& report) {
  const Evidence evidence(report);
  std::vector<ProfileResult> verdicts;
  for (const Profile& profile : profiles()) {
    verdicts.push_back(judge_one(report, evidence, profile, verdicts));
  }
  return verdicts;
}

std::string line_of(const ProfileResult& verdict) {
  if (!verdict.judged) return "not judged: only a part of the suite was run";
  if (!verdict.earned) {
    return "not earned" + (verdict.nearest.empty() ? "" : ", nearest with " + verdict.nearest) +
           ": " + std::to_string(verdict.missing.size()) + " missing";
  }
  std::string types;
  for (const std::string& type : verdict.types) types += (types.empty() ? "" : ", ") + type;
  return "earned" + (types.empty() ? "" : " for " + types);
}

}  // namespace tenon::conformance
