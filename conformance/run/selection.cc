// SPDX-License-Identifier: Apache-2.0
#include "run/selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "suite/declaration.h"

namespace tenon::conformance {
namespace {

std::vector<std::string> split(const std::string& patterns) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= patterns.size();) {
    const size_t end = std::min(patterns.find(':', begin), patterns.size());
    parts.push_back(patterns.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool matches_any(const std::vector<std::string>& patterns, const std::string& test) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return glob_match(pattern.c_str(), test.c_str());
  });
}

// FNV-1a: the same on every machine, which std::hash is not.
uint64_t hash_of(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

std::vector<std::string> registered_tests() {
  std::vector<std::string> names;
  const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *unit.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      names.push_back(std::string(suite.name()) + "." + suite.GetTestInfo(j)->name());
    }
  }
  return names;
}

void check_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (const size_t at = name.find_first_of("*?:-'\n"); at != std::string::npos) {
      throw std::logic_error("the test " + name + " has a '" + name[at] + "' in its name");
    }
  }
}

std::vector<std::string> filtered(const std::vector<std::string>& names,
                                  const std::string& filter) {
  const std::vector<std::string> patterns = split(filter);
  std::vector<std::string> found;
  std::ranges::copy_if(names, std::back_inserter(found),
                       [&](const std::string& name) { return matches_any(patterns, name); });
  return found;
}

bool may_match(const std::string& filter, const std::string& begin) {
  return std::ranges::any_of(split(filter), [&](const std::string& pattern) {
    const size_t sure = std::min({pattern.find_first_of("*?"), pattern.size(), begin.size()});
    if (pattern.compare(0, sure, begin, 0, sure) != 0) return false;
    if (sure != begin.size() && sure == pattern.size()) return false;
    // Of a whole group's name: names of tests have one point, which is behind it.
    const size_t point = pattern.rfind('.');
    if (!begin.ends_with('.') || point == std::string::npos) return true;
    return glob_match(pattern.substr(0, point + 1).c_str(), begin.c_str());
  });
}

bool is_in(const Shard& shard, const std::string& name) {
  return hash_of(name) % shard.count + 1 == shard.index;
}

bool needs_no_device(const std::string& name) { return name.starts_with("Entry."); }

bool wants_the_device_alone(const std::string& name) {
  return name.starts_with("BufferTest.TN_buffer_007_");  // Fills its memory.
}

void run_tests(const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::string filter;
  for (const std::string& name : names) filter += (filter.empty() ? "" : ":") + name;
  testing::GTEST_FLAG(filter) = filter;
  [[maybe_unused]] const int ignored = RUN_ALL_TESTS();  // Each result says it.
}

}  // namespace tenon::conformance
