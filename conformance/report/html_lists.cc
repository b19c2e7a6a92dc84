// SPDX-License-Identifier: Apache-2.0
//
// The page's lists: profiles, failures, and what is unsupported or waived.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/command.h"
#include "report/html.h"
#include "report/junit.h"
#include "report/profiles.h"

namespace tenon::conformance {
namespace {

constexpr size_t kOpenRules = 3;        // Whose first failure is shown open.
constexpr size_t kFirstFailures = 4;    // Of a rule; the others are folded away.
constexpr size_t kShownFailures = 500;  // Of a rule at all.
constexpr size_t kShownTests = 40;      // Of one reason.

std::string list_of(const std::vector<std::string>& items) {
  std::string out = "<ul>";
  for (const std::string& item : items) out += "<li>" + escaped(item) + "</li>";
  return out + "</ul>";
}

std::string missing_of(const ProfileResult& verdict) {
  if (verdict.missing_by_type.empty()) {
    if (verdict.missing.empty()) return "";
    return fmt::format("<details{}><summary>{} missing</summary>{}</details>",
                       verdict.missing.size() <= 5 ? " open" : "", verdict.missing.size(),
                       list_of(verdict.missing));
  }
  std::string out;
  for (const auto& [type, missing] : verdict.missing_by_type) {
    out += fmt::format("<details><summary>{}: {} missing</summary>{}</details>", escaped(type),
                       missing.size(), list_of(missing));
  }
  return out;
}

std::string card(const ProfileResult& verdict, const std::string& says) {
  const char* style = !verdict.judged ? "open" : verdict.earned ? "good" : "bad";
  const char* word = !verdict.judged ? "not judged" : verdict.earned ? "earned" : "not earned";
  std::string out =
      fmt::format("<article class=\"card {}\"><h3>{} <span class=\"tag\">{}</span></h3><p>{}</p>",
                  style, escaped(verdict.profile), word, escaped(says));
  if (!verdict.types.empty()) {
    out += "<p class=\"chips\">";
    for (const std::string& type : verdict.types) out += "<span>" + escaped(type) + "</span>";
    out += "</p>";
  }
  return out + missing_of(verdict) + "</article>\n";
}

std::string block(const char* title, const std::string& text) {
  if (text.empty()) return "";
  return fmt::format("<h4>{}</h4><pre>{}</pre>", title, escaped(text));
}

std::string failure(const Report& report, const TestResult& result, bool open) {
  std::string out = fmt::format(
      "<details class=\"failure\"{}><summary><span class=\"tag\">{}</span> <code>{}</code>"
      "</summary>\n",
      open ? " open" : "", escaped(outcome_name(result.outcome)), escaped(result.name));
  if (const std::string sentence = sentence_of(result.rule); !sentence.empty()) {
    out +=
        fmt::format("<p class=\"rule\"><b>{}</b> {}</p>", escaped(result.rule), escaped(sentence));
  }
  out += block("What happened", result.reason());
  out += block("What the plugin said", result.property("plugin_error"));
  out += block("The kernel", result.property("description"));
  if (!result.name.starts_with("(")) {
    out += block("Run it again", command_for({.spec = report.subject.spec,
                                              .name = result.name,
                                              .seed = report.seed,
                                              .smoke = report.smoke,
                                              .layers = report.layers}));
  }
  if (const std::string code = result.property("reproducer"); !code.empty()) {
    out += fmt::format("<details><summary>The same in C</summary><pre>{}</pre></details>",
                       escaped(code));
  }
  return out + "</details>\n";
}

// A rule, and the tests that show it broken, in their order.
using Broken = std::pair<std::string, std::vector<const TestResult*>>;

std::vector<Broken> broken_rules(const Report& report) {
  std::vector<Broken> rules;
  for (const TestResult& result : report.results) {
    if (!is_bad(result.outcome)) continue;
    auto found = std::find_if(rules.begin(), rules.end(),
                              [&](const Broken& one) { return one.first == result.rule; });
    if (found == rules.end()) found = rules.insert(rules.end(), {result.rule, {}});
    found->second.push_back(&result);
  }
  return rules;
}

std::string failures_of(const Report& report, const Broken& broken, bool open) {
  const auto& [rule, tests] = broken;
  std::string out = fmt::format(
      "<p class=\"rule\"><b>{}</b> {} <span class=\"count\">{}</span></p>\n",
      escaped(rule.empty() ? "The run itself" : rule), escaped(sentence_of(rule)), tests.size());
  for (size_t i = 0; i < tests.size() && i < kShownFailures; ++i) {
    if (i == kFirstFailures) {
      out += fmt::format("<details><summary>{} more</summary>\n", tests.size() - i);
    }
    out += failure(report, *tests[i], open && i == 0);
  }
  if (tests.size() > kShownFailures) {
    out += fmt::format("<p>and {} more, which the report in JSON lists</p>\n",
                       tests.size() - kShownFailures);
  }
  return out + (tests.size() > kFirstFailures ? "</details>\n" : "");
}

// Results that share an outcome and a first message, in the order of their number.
using Group = std::pair<std::pair<Outcome, std::string>, std::vector<const TestResult*>>;

std::vector<Group> excused(const Report& report) {
  std::map<std::pair<Outcome, std::string>, std::vector<const TestResult*>> by_reason;
  for (const TestResult& result : report.results) {
    if (result.outcome != Outcome::kUnsupported && result.outcome != Outcome::kExpected) continue;
    const std::string first = result.messages.empty() ? "no reason is given" : result.messages[0];
    by_reason[{result.outcome, first}].push_back(&result);
  }
  std::vector<Group> groups(by_reason.begin(), by_reason.end());
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return a.second.size() > b.second.size();
  });
  return groups;
}

}  // namespace

std::string html_profiles(const Report& report) {
  std::string out = "<section>\n<h2>Profiles</h2>\n<div class=\"cards\">\n";
  for (const ProfileResult& verdict : report.verdicts) {
    const auto& all = profiles();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Profile& profile) {
      return profile.name == verdict.profile;
    });
    out += card(verdict, found == all.end() ? "" : found->says);
  }
  return out + "</div>\n</section>\n";
}

std::string html_failures(const Report& report) {
  const std::vector<Broken> rules = broken_rules(report);
  if (rules.empty()) return "";
  std::string out;
  size_t count = 0;
  for (size_t i = 0; i < rules.size(); ++i) {
    out += failures_of(report, rules[i], i < kOpenRules);
    count += rules[i].second.size();
  }
  return fmt::format("<section>\n<h2>Failures <span class=\"count\">{}</span></h2>\n{}</section>\n",
                     count, out);
}

std::string html_excused(const Report& report) {
  const std::vector<Group> groups = excused(report);
  if (groups.empty()) return "";
  std::string out = "<section>\n<h2>Unsupported and waived</h2>\n";
  for (const auto& [key, tests] : groups) {
    out += fmt::format(
        "<details><summary><span class=\"tag\">{}</span> {} <span class=\"count\">{}</span>"
        "</summary><ul class=\"tests\">",
        key.first == Outcome::kExpected ? "waived" : "unsupported", escaped(key.second),
        tests.size());
    for (size_t i = 0; i < tests.size() && i < kShownTests; ++i) {
      out += "<li><code>" + escaped(tests[i]->name) + "</code></li>";
    }
    if (tests.size() > kShownTests) {
      out += fmt::format("<li>and {} more</li>", tests.size() - kShownTests);
    }
    out += "</ul></details>\n";
  }
  return out + "</section>\n";
}

}  // namespace tenon::conformance
