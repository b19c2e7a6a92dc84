// SPDX-License-Identifier: Apache-2.0
#include "suite/results.h"

#include <cctype>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace tenon::conformance {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kOutcomes[] = {"passed",  "failed", "unsupported", "expected",
                                     "crashed", "hung",   "not_run"};

// "TN-map-004" of "MapTest.TN_map_004_moves"; empty where the name has no rule.
std::string rule_of(const std::string& name) {
  const size_t begin = name.find(".TN_");
  if (begin == std::string::npos) return "";
  const size_t subject = begin + std::strlen(".TN_");
  const size_t number = name.find('_', subject);
  if (number == std::string::npos) return "";
  size_t end = number + 1;
  while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
  if (end == number + 1) return "";
  return "TN-" + name.substr(subject, number - subject) + "-" +
         name.substr(number + 1, end - number - 1);
}

}  // namespace

const char* outcome_name(Outcome outcome) { return kOutcomes[static_cast<size_t>(outcome)]; }

Outcome outcome_of(const std::string& name) {
  for (size_t i = 0; i < std::size(kOutcomes); ++i) {
    if (name == kOutcomes[i]) return static_cast<Outcome>(i);
  }
  throw std::invalid_argument("no outcome is called '" + name + "'");
}

bool is_bad(Outcome outcome) {
  return outcome == Outcome::kFailed || outcome == Outcome::kCrashed || outcome == Outcome::kHung ||
         outcome == Outcome::kNotRun;
}

TestResult TestResult::named(const std::string& name) {
  TestResult result;
  result.name = name;
  result.group = name.substr(0, name.find('.'));
  result.rule = rule_of(name);
  return result;
}

std::string TestResult::property(const std::string& key) const {
  for (const auto& [name_of_one, value] : properties) {
    if (name_of_one == key) return value;
  }
  return "";
}

std::string TestResult::reason() const {
  std::string text;
  for (const std::string& message : messages) text += (text.empty() ? "" : "\n") + message;
  return text;
}

Json to_json(const TestResult& result) {
  Json json = {{"test", result.name}, {"group", result.group}};
  if (!result.rule.empty()) json["rule"] = result.rule;
  json["outcome"] = outcome_name(result.outcome);
  json["seconds"] = result.seconds;
  if (result.compile_seconds != 0) json["compile_seconds"] = result.compile_seconds;
  if (!result.messages.empty()) json["messages"] = result.messages;
  for (const auto& [key, value] : result.properties) json["properties"][key] = value;
  return json;
}

TestResult result_from_json(const Json& json) {
  try {
    TestResult result = TestResult::named(json.at("test").get<std::string>());
    result.outcome = outcome_of(json.at("outcome").get<std::string>());
    result.seconds = json.value("seconds", 0.0);
    result.compile_seconds = json.value("compile_seconds", 0.0);
    result.messages = json.value("messages", std::vector<std::string>());
    if (json.contains("properties")) {
      for (const auto& [key, value] : json.at("properties").items()) {
        result.properties.emplace_back(key, value.get<std::string>());
      }
    }
    return result;
  } catch (const Json::exception& exception) {
    throw std::invalid_argument(std::string("no result of a test: ") + exception.what());
  }
}

std::string to_line(const TestResult& result) {
  return to_json(result).dump(-1, ' ', false, Json::error_handler_t::replace);
}

TestResult result_from_line(const std::string& line) {
  try {
    return result_from_json(Json::parse(line));
  } catch (const Json::parse_error& exception) {
    throw std::invalid_argument(std::string("no line of JSON: ") + exception.what());
  }
}

}  // namespace tenon::conformance
