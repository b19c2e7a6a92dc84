// SPDX-License-Identifier: Apache-2.0
//
// tenon_conformance: whether a plugin keeps the rules of tenon.h and the operator contract.
// `tenon conform` runs it. Exit code: 0 when nothing failed, 1 when something did, 2 for wrong
// usage or a plugin that does not open, 70 and 124 when a test crashed or hung.
#include <gtest/gtest.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>

#include "suite/case_test.h"
#include "suite/complaints.h"
#include "suite/in_process.h"
#include "suite/report.h"
#include "suite/run_options.h"
#include "suite/target.h"

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

// Names of all tests, those of the operators included.
std::vector<std::string> test_names() {
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

int run(const RunOptions& options) {
  Declaration declaration;
  if (!options.declaration.empty()) declaration = Declaration::read(options.declaration);
  Target::get().open(Spec::parse(options.spec));
  const std::vector<std::string> without_case = register_operator_tests();

  Reporter made(declaration, options);
  Reporter* reporter = &made;
  reporter->set_subject(Target::get().subject());
  end_at_crash_or_hang(options.timeout);
  std::string filter;
  for (const std::string& test : test_names()) {
    if (!matches_any(options.filter, test)) continue;
    if (options.list) {
      std::printf("%s\n", test.c_str());
    } else {
      filter += (filter.empty() ? "" : ":") + test;
    }
  }
  if (options.list) return 0;
  if (filter.empty()) throw std::invalid_argument("no test matches '" + options.filter + "'");
  for (const std::string& name : without_case) reporter->add_note("no case: " + name);

  testing::GTEST_FLAG(filter) = filter;
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  // Owned by GoogleTest from here on.
  listeners.Append(new Listener([&](TestResult result) { reporter->add(std::move(result)); }));
  std::printf("%s: %s (%s %s)\n", options.spec.c_str(), Target::get().info().name,
              Target::get().instance().name(), Target::get().instance().version());
  [[maybe_unused]] const int ignored = RUN_ALL_TESTS();  // The reporter decides.

  Target::get().close_device();
  for (const std::string& complaint : take_complaints()) {
    reporter->add_failure("closing the device", complaint);
  }
  const int code = reporter->finish();
  Target::get().close();
  const std::vector<std::string> late = take_complaints();
  for (const std::string& complaint : late)
    std::printf("closing the plugin: %s\n", complaint.c_str());
  return late.empty() ? code : 1;
}

}  // namespace
}  // namespace tenon::conformance

int main(int argc, char** argv) {
  int gtest_argc = 1;
  testing::InitGoogleTest(&gtest_argc, argv);
  try {
    return tenon::conformance::run(tenon::conformance::RunOptions::parse(argc, argv));
  } catch (const std::invalid_argument& exception) {
    std::fprintf(stderr, "tenon conform: %s\n%s", exception.what(),
                 tenon::conformance::RunOptions::usage());
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "tenon conform: %s\n", exception.what());
  }
  return 2;
}
