// SPDX-License-Identifier: Apache-2.0
#include "report/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

namespace tenon::conformance {
namespace {

struct Suite {
  std::vector<const TestResult*> tests;
  size_t failed = 0, errors = 0, skipped = 0;
  double seconds = 0;
};

bool is_error(Outcome outcome) { return is_bad(outcome) && outcome != Outcome::kFailed; }

void add(Suite& suite, const TestResult& result) {
  suite.tests.push_back(&result);
  suite.seconds += result.seconds;
  suite.failed += result.outcome == Outcome::kFailed;
  suite.errors += is_error(result.outcome);
  suite.skipped += result.outcome == Outcome::kUnsupported || result.outcome == Outcome::kExpected;
}

std::string test_case(const TestResult& result) {
  const size_t point = result.name.find('.');
  const std::string name = point == std::string::npos ? result.name : result.name.substr(point + 1);
  std::string out = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                                escaped(result.group), escaped(name), result.seconds);
  if (result.outcome == Outcome::kPassed) return out + "/>\n";
  const std::string reason = escaped(result.reason());
  const std::string first = escaped(result.messages.empty() ? "" : result.messages[0]);
  const char* word = is_error(result.outcome)             ? "error"
                     : result.outcome == Outcome::kFailed ? "failure"
                                                          : "skipped";
  out += fmt::format(">\n      <{} message=\"{}\"", word, first);
  if (word[0] != 's') out += fmt::format(" type=\"{}\"", outcome_name(result.outcome));
  return out + fmt::format(">{}</{}>\n    </testcase>\n", reason, word);
}

// A plugin's message may hold any bytes; those that are no UTF-8 become U+FFFD.
std::string valid_utf8(const std::string& text) {
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return text;
  using Json = nlohmann::json;
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char character : valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '&') {
      out += "&amp;";
    } else if (character == '<') {
      out += "&lt;";
    } else if (character == '>') {
      out += "&gt;";
    } else if (character == '"') {
      out += "&quot;";
    } else if (byte < 0x20 && character != '\n' && character != '\t') {
      out += "\xef\xbf\xbd";
    } else {
      out += character;
    }
  }
  return out;
}

std::string junit_of(const Report& report) {
  std::map<std::string, Suite> suites;
  Suite all;
  for (const TestResult& result : report.results) {
    add(suites[result.group], result);
    add(all, result);
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format(
      "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\">\n",
      escaped(report.subject.spec), all.tests.size(), all.failed, all.errors, all.seconds);
  for (const auto& [name, suite] : suites) {
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
        "time=\"{:.3f}\">\n",
        escaped(name), suite.tests.size(), suite.failed, suite.errors, suite.skipped,
        suite.seconds);
    for (const TestResult* test : suite.tests) out += test_case(*test);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace tenon::conformance
