// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/fault/plan.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tenon/tenon_plugin.hpp"

namespace tenon::layers::fault {
namespace {

constexpr std::pair<const char*, Kind> kKinds[] = {
    {"memory", Kind::kMemory},     {"host-memory", Kind::kHostMemory},
    {"internal", Kind::kInternal}, {"lost", Kind::kLost},
    {"late", Kind::kLate},         {"slow", Kind::kSlow}};

[[noreturn]] void refuse(const std::string& rule, const std::string& what) {
  plugin::fail(TN_INVALID_ARGUMENT, nullptr,
               "TENON_FAULT: \"%s\": %s; write FUNCTION:CALLS:KIND, as in kernel_launch:3:lost",
               rule.c_str(), what.c_str());
}

uint64_t number(const std::string& rule, const std::string& text) {
  uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || value == 0) {
    refuse(rule, "\"" + text + "\" is no number from 1");
  }
  return value;
}

std::string function_of(const std::string& rule, std::string name) {
  if (name == "*") return "";
  if (name.starts_with("tn_")) name = name.substr(3);
  const auto& known = function_names();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    refuse(rule, "there is no function \"" + name + "\"");
  }
  return name;
}

void set_calls(const std::string& text, Rule* rule) {
  if (text == "*") return;
  const bool all_after = text.ends_with('+');
  rule->first = number(rule->text, all_after ? text.substr(0, text.size() - 1) : text);
  if (!all_after) rule->last = rule->first;
}

void set_kind(const std::string& text, Rule* rule) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const auto& k) { return k.first == name; });
  if (found == std::end(kKinds)) {
    refuse(rule->text, "there is no kind \"" + name +
                           "\"; there are: memory, host-memory, internal, lost, late, slow=MS");
  }
  rule->kind = found->second;
  if ((rule->kind == Kind::kSlow) != (equals != std::string::npos)) {
    refuse(rule->text, "slow alone has a value, the milliseconds");
  }
  if (rule->kind == Kind::kSlow) {
    rule->delay = std::chrono::milliseconds(number(rule->text, text.substr(equals + 1)));
  }
}

Rule parse_one(const std::string& text) {
  Rule rule;
  rule.text = text;
  const size_t first = text.find(':');
  const size_t second = first != std::string::npos ? text.find(':', first + 1) : first;
  if (second == std::string::npos) refuse(text, "has no three parts");
  rule.function = function_of(text, text.substr(0, first));
  set_calls(text.substr(first + 1, second - first - 1), &rule);
  set_kind(text.substr(second + 1), &rule);
  return rule;
}

}  // namespace

std::vector<Rule> parse(const std::string& text) {
  std::vector<Rule> rules;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end != begin) rules.push_back(parse_one(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return rules;
}

const Rule* Plan::count(const char* function) {
  const uint64_t own = ++calls_[function];
  ++all_calls_;
  for (const Rule& rule : rules_) {
    if (!rule.function.empty() && rule.function != function) continue;
    const uint64_t call = rule.function.empty() ? all_calls_ : own;
    if (call >= rule.first && call <= rule.last) return &rule;
  }
  return nullptr;
}

}  // namespace tenon::layers::fault
