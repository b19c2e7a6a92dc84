// SPDX-License-Identifier: Apache-2.0
#include "suite/declaration.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace tenon::conformance {
namespace {

void read_entries(const nlohmann::json& file, const char* key, std::vector<Declared>& entries) {
  if (!file.contains(key)) return;
  for (const nlohmann::json& row : file.at(key)) {
    Declared entry;
    entry.reason = row.value("reason", "");
    if (entry.reason.empty()) {
      throw std::runtime_error(std::string(key) + ": an entry has no reason: " + row.dump());
    }
    if (row.contains("test")) {
      entry.pattern = row.at("test");
    } else if (row.contains("operator")) {
      const std::string full = row.at("operator");
      const size_t dot = full.rfind('.');
      entry.pattern = "Operator/*" +
                      (dot == std::string::npos
                           ? operator_test_name("", full)
                           : operator_test_name(full.substr(0, dot), full.substr(dot + 1))) +
                      "/*";
    } else {
      throw std::runtime_error(std::string(key) +
                               ": an entry names no test or operator: " + row.dump());
    }
    entries.push_back(std::move(entry));
  }
}

}  // namespace

Declaration Declaration::read(const std::string& path) {
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("cannot read the declaration " + path);
  Declaration declaration;
  try {
    const nlohmann::json file = nlohmann::json::parse(stream);
    for (const auto& item : file.items()) {
      // "fallback" is for the joint: operators that hosts run elsewhere.
      if (item.key() != "unsupported" && item.key() != "expected_failures" &&
          item.key() != "fallback") {
        throw std::runtime_error("unknown key '" + item.key() + "'");
      }
    }
    read_entries(file, "unsupported", declaration.unsupported);
    read_entries(file, "expected_failures", declaration.expected_failures);
  } catch (const std::exception& exception) {
    throw std::runtime_error(path + ": " + exception.what());
  }
  return declaration;
}

const Declared* match(std::vector<Declared>& entries, const std::string& test) {
  const Declared* found = nullptr;
  for (Declared& entry : entries) {
    if (!glob_match(entry.pattern.c_str(), test.c_str())) continue;
    entry.used = true;
    if (found == nullptr) found = &entry;
  }
  return found;
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
