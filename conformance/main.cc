// SPDX-License-Identifier: Apache-2.0
//
// tenon_conformance: whether a plugin keeps the rules of tenon.h and the operator contract.
// `tenon conform` runs it. Exit code: 0 when nothing failed, 1 when something did, 2 for wrong
// usage or where there is no such plugin; with --no-isolate also 70 and 124 when a test crashed or
// hung.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "run/run.h"

namespace {

// Variables with which GoogleTest would run other tests than those that are named, or others twice.
void forget_settings_of_googletest() {
  for (const char* name :
       {"ALSO_RUN_DISABLED_TESTS", "BREAK_ON_FAILURE", "CATCH_EXCEPTIONS", "FAIL_FAST", "FILTER",
        "OUTPUT", "REPEAT", "SHUFFLE", "THROW_ON_FAILURE"}) {
    ::unsetenv((std::string("GTEST_") + name).c_str());
  }
  ::unsetenv("GTEST_TOTAL_SHARDS");
  ::unsetenv("GTEST_SHARD_INDEX");
}

}  // namespace

int main(int argc, char** argv) {
  using tenon::conformance::RunOptions;
  forget_settings_of_googletest();
  int gtest_argc = 1;
  testing::InitGoogleTest(&gtest_argc, argv);
  try {
    return tenon::conformance::run(RunOptions::parse(argc, argv));
  } catch (const std::invalid_argument& exception) {
    std::fprintf(stderr, "tenon conform: %s\n%s", exception.what(), RunOptions::usage());
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "tenon conform: %s\n", exception.what());
  }
  return 2;
}
