// SPDX-License-Identifier: Apache-2.0
#include "report/diff.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

namespace tenon::conformance {
namespace {

// What counts as a change, and not as noise.
constexpr double kError = 1.1, kSmallError = 0.01;
constexpr double kTime = 1.3, kSmallSeconds = 0.2;
constexpr size_t kShown = 20;

std::set<std::string> profiles_of(const Report& report) {
  std::set<std::string> out;
  for (const ProfileResult& verdict : report.verdicts) {
    if (verdict.earned && verdict.types.empty()) out.insert(verdict.profile);
    for (const std::string& type : verdict.types) out.insert(verdict.profile + " (" + type + ")");
  }
  return out;
}

std::map<std::string, Outcome> outcomes_of(const Report& report) {
  std::map<std::string, Outcome> out;
  for (const TestResult& result : report.results) out[result.name] = result.outcome;
  return out;
}

std::map<std::string, const ClaimResult*> claims_by_name(const Report& report) {
  std::map<std::string, const ClaimResult*> out;
  for (const ClaimResult& claim : report.claims) out[name_of(claim)] = &claim;
  return out;
}

std::vector<std::string> without(const std::set<std::string>& all,
                                 const std::set<std::string>& out) {
  std::vector<std::string> left;
  std::set_difference(all.begin(), all.end(), out.begin(), out.end(), std::back_inserter(left));
  return left;
}

void compare_heads(const Report& before, const Report& after, Difference& out) {
  const auto remark = [&](const char* what, const std::string& a, const std::string& b) {
    if (a != b) out.remarks.push_back(std::string(what) + ": " + a + " before, " + b + " now");
  };
  remark("version of the suite", std::to_string(before.suite), std::to_string(after.suite));
  remark("contract", before.contract, after.contract);
  remark("filter", before.filter, after.filter);
  remark("device", before.subject.device, after.subject.device);
  remark("plugin", before.subject.plugin + " " + before.subject.plugin_version,
         after.subject.plugin + " " + after.subject.plugin_version);
}

void compare_tests(const Report& before, const Report& after, Difference& out) {
  const auto old = outcomes_of(before), now = outcomes_of(after);
  // What a brief report does not mention has passed.
  const auto outcome_in = [](const auto& outcomes, const Report& report, const std::string& test,
                             Outcome& found) {
    const auto at = outcomes.find(test);
    if (at == outcomes.end() && !report.brief) return false;
    found = at == outcomes.end() ? Outcome::kPassed : at->second;
    return true;
  };
  for (const auto& [test, outcome] : now) {
    Outcome was = Outcome::kPassed;
    const bool known = outcome_in(old, before, test, was);
    if (is_bad(outcome) && (!known || !is_bad(was))) out.new_failures.push_back(test);
    if (known && is_bad(was) && !is_bad(outcome)) out.fixed.push_back(test);
    if (known && was == Outcome::kPassed && !is_bad(outcome) && outcome != Outcome::kPassed) {
      out.no_longer_passed.push_back(test);
    }
  }
  for (const auto& [test, outcome] : old) {
    if (now.contains(test)) continue;
    if (after.brief && is_bad(outcome)) out.fixed.push_back(test);
    if (!after.brief) out.no_longer_there.push_back(test);
  }
}

void compare_claims(const Report& before, const Report& after, Difference& out) {
  const auto old = claims_by_name(before), now = claims_by_name(after);
  for (const auto& [name, claim] : old) {
    if (!now.contains(name)) out.shrunk.push_back(name);
  }
  for (const auto& [name, claim] : now) {
    const auto at = old.find(name);
    if (at == old.end()) {
      out.grown.push_back(name);
      continue;
    }
    const double a = at->second->worst_in_tolerances, b = claim->worst_in_tolerances;
    if (a < 0 || b < 0 || std::max(a, b) < kSmallError) continue;
    if (std::max(a, b) > kError * std::min(a, b)) out.errors.push_back({name, a, b});
  }
}

void compare_times(const Report& before, const Report& after, Difference& out) {
  if (before.brief || after.brief) return;
  std::map<std::string, double> old;
  for (const auto& [group, seconds] : seconds_by_group(before)) old[group] = seconds;
  for (const auto& [group, b] : seconds_by_group(after)) {
    const auto at = old.find(group);
    if (at == old.end()) continue;
    const double a = at->second;
    if (std::fabs(a - b) > kSmallSeconds && std::max(a, b) > kTime * std::min(a, b)) {
      out.seconds.push_back({group, a, b});
    }
  }
}

void print(std::string& text, const char* title, const std::vector<std::string>& items) {
  if (items.empty()) return;
  text += std::string(title) + ": " + std::to_string(items.size()) + "\n";
  for (size_t i = 0; i < items.size() && i < kShown; ++i) text += "    " + items[i] + "\n";
  if (items.size() > kShown) text += "    and " + std::to_string(items.size() - kShown) + " more\n";
}

void print(std::string& text, const char* title, std::vector<Change> changes) {
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.after - a.before > b.after - b.before;
  });
  std::vector<std::string> lines;
  for (const Change& change : changes) {
    char line[64];
    std::snprintf(line, sizeof(line), ": %.3g before, %.3g now", change.before, change.after);
    lines.push_back(change.what + line);
  }
  print(text, title, lines);
}

}  // namespace

std::string time_group_of(const std::string& test) {
  const std::string group = test.substr(0, test.find('.'));
  const size_t first = group.find('/');
  if (first == std::string::npos) return group;
  return group.substr(0, group.find('/', first + 1));
}

std::vector<std::pair<std::string, double>> seconds_by_group(const Report& report) {
  std::map<std::string, double> sums;
  for (const TestResult& result : report.results) {
    sums[time_group_of(result.name)] += result.seconds;
  }
  std::vector<std::pair<std::string, double>> out(sums.begin(), sums.end());
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return out;
}

Difference compare(const Report& before, const Report& after) {
  Difference out;
  compare_heads(before, after, out);
  const std::set<std::string> old = profiles_of(before), now = profiles_of(after);
  out.lost = without(old, now);
  out.earned = without(now, old);
  compare_tests(before, after, out);
  compare_claims(before, after, out);
  compare_times(before, after, out);
  return out;
}

std::string text_of(const Difference& d) {
  std::string text;
  for (const std::string& remark : d.remarks) text += remark + "\n";
  print(text, "profiles lost", d.lost);
  print(text, "profiles earned", d.earned);
  print(text, "new failures", d.new_failures);
  print(text, "fixed", d.fixed);
  print(text, "passed before, unsupported or waived now", d.no_longer_passed);
  print(text, "tests that are no longer there", d.no_longer_there);
  print(text, "the table shrank", d.shrunk);
  print(text, "the table grew", d.grown);
  print(text, "worst errors, in tolerances", d.errors);
  print(text, "seconds", d.seconds);
  return text.empty() ? "nothing changed\n" : text;
}

}  // namespace tenon::conformance
