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
#include "suite/report.h"
#include "suite/target.h"

namespace tenon::conformance {
namespace {

constexpr const char* kUsage =
    "usage: tenon conform PLUGIN[:INDEX][?KEY=VALUE&...] [options]\n"
    "  PLUGIN              name of a plugin, or path of its manifest or library\n"
    "  --declaration FILE  what the vendor declares: unsupported tests, expected failures\n"
    "  --report FILE       write the results as JSON\n"
    "  --layer NAMES       put layers before the plugin: validation, trace (as TENON_LAYERS)\n"
    "  --filter PATTERN    run only tests whose names match (* and ?), ':' between patterns\n"
    "  --list              print the tests' names and run nothing\n"
    "  --compile-budget N  descriptions of kernels of an operator and type, at most (24; 0: all)\n"
    "  --seed N            of the random values of operators' tests (0)\n"
    "  --timeout SECONDS   of one test (120)\n"
    "  --verbose           print passed tests too\n";

struct Options {
  std::string spec;
  std::string declaration;
  std::string report;
  std::string filter = "*";
  double timeout = 120;
  CaseOptions cases;
  bool list = false;
  bool verbose = false;
};

double seconds(const std::string& option, const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !(value > 0 && value < 1e9)) {
    throw std::invalid_argument(option + " takes seconds, more than 0, not \"" + text + "\"");
  }
  return value;
}

uint32_t whole(const std::string& option, const std::string& text) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) {
    throw std::invalid_argument(option + " takes a whole number, not \"" + text + "\"");
  }
  return value;
}

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 >= argc) throw std::invalid_argument(argument + " needs a value");
      return argv[++i];
    };
    if (argument == "--declaration") {
      options.declaration = value();
    } else if (argument == "--report") {
      options.report = value();
    } else if (argument == "--layer") {
      setenv("TENON_LAYERS", value().c_str(), 1);
    } else if (argument == "--filter") {
      options.filter = value();
    } else if (argument == "--timeout") {
      options.timeout = seconds(argument, value());
    } else if (argument == "--compile-budget") {
      options.cases.compile_budget = whole(argument, value());
    } else if (argument == "--seed") {
      options.cases.seed = whole(argument, value());
    } else if (argument == "--list") {
      options.list = true;
    } else if (argument == "--verbose") {
      options.verbose = true;
    } else if (argument.starts_with("-")) {
      throw std::invalid_argument("unknown option " + argument);
    } else if (options.spec.empty()) {
      options.spec = argument;
    } else {
      throw std::invalid_argument("one plugin at a time: " + argument);
    }
  }
  if (options.spec.empty()) throw std::invalid_argument("no plugin is named");
  return options;
}

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

int run(const Options& options) {
  Declaration declaration;
  if (!options.declaration.empty()) declaration = Declaration::read(options.declaration);
  Target::get().open(Spec::parse(options.spec));
  register_operator_tests(options.cases);

  auto made =
      std::make_unique<Reporter>(declaration, options.report, options.timeout, options.verbose);
  Reporter* reporter = made.get();
  std::string filter;
  for (const std::string& test : test_names()) {
    if (!matches_any(options.filter, test)) continue;
    if (options.list) {
      std::printf("%s\n", test.c_str());
    } else if (const Declared* entry = match(reporter->declaration().unsupported, test)) {
      reporter->add_unsupported(test, entry->reason);
    } else {
      filter += (filter.empty() ? "" : ":") + test;
    }
  }
  if (options.list) return 0;
  if (filter.empty()) throw std::invalid_argument("no test matches '" + options.filter + "'");

  testing::GTEST_FLAG(filter) = filter;
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(made.release());  // Owned by GoogleTest from here on.
  std::printf("%s: %s (%s %s)\n", options.spec.c_str(), Target::get().info().name,
              Target::get().instance().name(), Target::get().instance().version());
  [[maybe_unused]] const int ignored = RUN_ALL_TESTS();  // The reporter decides.

  // A claim that no test has reached is no claim that holds.
  if (options.filter == "*") {
    const CoverageLines lines = coverage_of_finished_tests();
    reporter->add_note(lines.summary);
    for (const std::string& claim : lines.unreached) {
      reporter->add_failure("(claims)", "claimed, but no test reached it: " + claim);
    }
  }
  // An entry that matches nothing hides a typing error, or a test that is gone.
  if (options.filter == "*") {
    for (const std::vector<Declared>* entries :
         {&reporter->declaration().unsupported, &reporter->declaration().expected_failures}) {
      for (const Declared& entry : *entries) {
        if (!entry.used)
          reporter->add_failure(entry.pattern, "declared, but there is no such test");
      }
    }
  }
  Target::get().close_device();
  for (const std::string& complaint : take_complaints()) {
    reporter->add_failure("(closing the device)", complaint);
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
    return tenon::conformance::run(tenon::conformance::parse_options(argc, argv));
  } catch (const std::invalid_argument& exception) {
    std::fprintf(stderr, "tenon conform: %s\n%s", exception.what(), tenon::conformance::kUsage);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "tenon conform: %s\n", exception.what());
  }
  return 2;
}
