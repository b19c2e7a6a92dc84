// SPDX-License-Identifier: Apache-2.0
#include "suite/expectation.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tenon::conformance {
namespace {

thread_local const Expectation* announced = nullptr;

std::string running_test() {
  const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
  return test == nullptr ? "" : std::string(test->test_suite_name()) + "." + test->name();
}

}  // namespace

bool is_expectation_asked() {
  static const bool asked = std::getenv("TENON_PERTURB") != nullptr;
  return asked;
}

Announced::Announced(std::vector<ExpectedOutput> outputs)
    : expectation_{running_test(), std::move(outputs)} {
  announced = &expectation_;
}

Announced::~Announced() { announced = nullptr; }

}  // namespace tenon::conformance

const tenon::conformance::Expectation* tenon_conformance_expectation() {
  return tenon::conformance::announced;
}

const char* tenon_conformance_test() {
  static thread_local std::string test;
  test = tenon::conformance::is_expectation_asked() ? tenon::conformance::running_test() : "";
  return test.c_str();
}
