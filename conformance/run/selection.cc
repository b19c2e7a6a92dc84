// SPDX-License-Identifier: Apache-2.0
#include "run/selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "suite/declaration.h"

namespace tenon::conformance {
namespace {

bool matches_any(const std::string& patterns, const std::string& test) {
  size_t begin = 0;
  while (begin <= patterns.size()) {
    const size_t end = std::min(patterns.find(':', begin), patterns.size());
    if (glob_match(patterns.substr(begin, end - begin).c_str(), test.c_str())) return true;
    begin = end + 1;
  }
  return false;
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
  std::vector<std::string> found;
  std::ranges::copy_if(names, std::back_inserter(found),
                       [&](const std::string& name) { return matches_any(filter, name); });
  return found;
}

bool is_in(const Shard& shard, const std::string& name) {
  return hash_of(name) % shard.count + 1 == shard.index;
}

bool needs_no_device(const std::string& name) { return name.starts_with("Entry."); }

void run_tests(const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::string filter;
  for (const std::string& name : names) filter += (filter.empty() ? "" : ":") + name;
  testing::GTEST_FLAG(filter) = filter;
  [[maybe_unused]] const int ignored = RUN_ALL_TESTS();  // Each result says it.
}

}  // namespace tenon::conformance
