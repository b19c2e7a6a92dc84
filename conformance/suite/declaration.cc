// SPDX-License-Identifier: Apache-2.0
#include "suite/declaration.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace tenon::conformance {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& what, const Json& row) {
  throw std::runtime_error(what + ": " + row.dump());
}

bool is_date(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  const std::chrono::year_month_day day{std::chrono::year(std::stoi(text.substr(0, 4))),
                                        std::chrono::month(std::stoul(text.substr(5, 2))),
                                        std::chrono::day(std::stoul(text.substr(8, 2)))};
  return day.ok();
}

std::string pattern_of(const std::string& key, const Json& row) {
  if (row.contains("test") == row.contains("operator")) {
    fail(key + ": an entry names either a test or an operator", row);
  }
  if (row.contains("test")) return row.at("test");
  const std::string full = row.at("operator");
  const size_t dot = full.rfind('.');
  return "Operator/" +
         (dot == std::string::npos
              ? operator_test_name("", full)
              : operator_test_name(full.substr(0, dot), full.substr(dot + 1))) +
         "/*";
}

std::vector<Declared> read_entries(const Json& file, const std::string& key, bool dated) {
  std::vector<Declared> entries;
  if (!file.contains(key)) return entries;
  if (!file.at(key).is_array()) throw std::runtime_error(key + " is a list of entries");
  const std::set<std::string> known{"test", "operator", "reason", "until"};
  for (const Json& row : file.at(key)) {
    if (!row.is_object()) fail(key + ": an entry is an object with \"test\" and \"reason\"", row);
    for (const auto& item : row.items()) {
      if (!known.contains(item.key())) fail(key + ": unknown key '" + item.key() + "'", row);
      if (!item.value().is_string()) fail(key + ": '" + item.key() + "' is a text", row);
    }
    Declared entry{pattern_of(key, row), row.value("reason", ""), row.value("until", "")};
    if (entry.reason.empty()) fail(key + ": an entry has no reason", row);
    if (dated && !is_date(entry.until)) {
      fail(key + ": an entry says until when, as in \"until\": \"2027-03-01\"", row);
    }
    if (!dated && !entry.until.empty()) {
      fail(key + ": only waivers end; move what is to work one day to \"waivers\"", row);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Declared* first_match(std::vector<Declared>& entries, const std::string& test) {
  for (Declared& entry : entries) {
    if (glob_match(entry.pattern.c_str(), test.c_str())) return &entry;
  }
  return nullptr;
}

void note(Declared& entry, const TestResult& result) {
  if (result.outcome == Outcome::kPassed) {
    entry.passed.push_back(result.name);
  } else {
    ++entry.others;
  }
}

void apply_unsupported(const Declared& entry, TestResult& result) {
  // A test says so where a claim was refused: that is what can be declared.
  const bool refused = !result.property("refused").empty();
  if (result.outcome == Outcome::kUnsupported || (result.outcome == Outcome::kFailed && refused)) {
    result.outcome = Outcome::kUnsupported;
    result.messages.insert(result.messages.begin(), "declared: " + entry.reason);
    result.properties.emplace_back("declared", "unsupported");
  } else if (is_bad(result.outcome)) {
    result.add_message("declared unsupported (" + entry.reason +
                       "), but this is no refusal: a declaration excuses what a device does not "
                       "offer, not what it gets wrong");
  }
}

void apply_waiver(const Declared& waiver, const std::string& day, TestResult& result) {
  if (result.outcome == Outcome::kPassed) {
    result.outcome = Outcome::kFailed;
    result.add_message("passes, but is waived until " + waiver.until + " (" + waiver.reason +
                       "): remove the waiver");
  } else if (is_bad(result.outcome) && waiver.until < day) {
    result.add_message("was waived until " + waiver.until + " (" + waiver.reason +
                       "), and today is " + day + ": mend it, or renew the waiver");
  } else if (is_bad(result.outcome)) {
    result.outcome = Outcome::kExpected;
    result.messages.insert(result.messages.begin(),
                           "waived until " + waiver.until + ": " + waiver.reason);
  }
}

}  // namespace

Declaration Declaration::read(const std::string& path) {
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("cannot read the declaration " + path);
  try {
    return parse({std::istreambuf_iterator<char>(stream), {}});
  } catch (const std::exception& exception) {
    throw std::runtime_error(path + ": " + exception.what());
  }
}

Declaration Declaration::parse(const std::string& text) {
  Declaration declaration;
  declaration.text = text;
  const Json file = Json::parse(text);
  if (!file.is_object()) throw std::runtime_error("a declaration is an object of JSON");
  const std::set<std::string> known{"unsupported", "waivers", "fallback"};
  for (const auto& item : file.items()) {
    if (item.key() == "expected_failures") {
      if (item.value().empty()) continue;  // Of version 1 of the suite; it said nothing then.
      throw std::runtime_error(
          "'expected_failures' are called 'waivers' now, and each says \"until\" when");
    }
    if (!known.contains(item.key())) {
      throw std::runtime_error("unknown key '" + item.key() +
                               "': there are unsupported, waivers and fallback");
    }
  }
  declaration.unsupported = read_entries(file, "unsupported", false);
  declaration.waivers = read_entries(file, "waivers", true);
  return declaration;
}

void Declaration::apply(TestResult& result, const std::string& day) {
  if (Declared* entry = first_match(unsupported, result.name)) {
    note(*entry, result);
    apply_unsupported(*entry, result);
  }
  if (Declared* waiver = first_match(waivers, result.name)) {
    note(*waiver, result);
    apply_waiver(*waiver, day, result);
  }
}

std::vector<std::pair<std::string, std::string>> Declaration::faults(Mandatory mandatory) const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Declared& entry : waivers) {
    if (!entry.used()) out.emplace_back(entry.pattern, "is waived, but there is no such test");
  }
  for (const Declared& entry : unsupported) {
    if (!entry.used()) {
      out.emplace_back(entry.pattern, "is declared unsupported, but there is no such test");
      continue;
    }
    size_t wanted = 0;
    std::string profile, example;
    for (const std::string& test : entry.passed) {
      const std::string by = mandatory(TestResult::named(test).rule);
      if (by.empty()) continue;
      if (wanted++ == 0) profile = by, example = test;
    }
    if (wanted != 0) {
      out.emplace_back(entry.pattern,
                       "declares unsupported what the profile " + profile +
                           " makes mandatory, in " + std::to_string(wanted) +
                           " tests that pass, such as " + example +
                           ": a declaration takes nothing away from a profile; remove the entry");
    } else if (entry.others == 0) {
      out.emplace_back(entry.pattern, "declares unsupported what works: all of its " +
                                          std::to_string(entry.passed.size()) +
                                          " tests pass; remove the entry");
    }
  }
  return out;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[16];
  std::strftime(text, sizeof(text), "%Y-%m-%d", &parts);
  return text;
}

bool glob_match(const char* pattern, const char* text) {
  for (; *pattern != '\0'; ++pattern, ++text) {
    if (*pattern == '*') {
      while (*pattern == '*') ++pattern;
      for (; *text != '\0'; ++text) {
        if (glob_match(pattern, text)) return true;
      }
      return *pattern == '\0';
    }
    if (*text == '\0' || (*pattern != '?' && *pattern != *text)) return false;
  }
  return *text == '\0';
}

std::string operator_test_name(const std::string& domain, const std::string& name) {
  return domain.empty() ? name : domain + "_" + name;
}

}  // namespace tenon::conformance
