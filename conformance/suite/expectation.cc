// SPDX-License-Identifier: Apache-2.0
#include "suite/expectation.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "suite/case.h"
#include "suite/compare.h"

namespace tenon::conformance {
namespace {

thread_local const Expectation* announced = nullptr;

std::string running_test() {
  const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
  return test == nullptr ? "" : std::string(test->test_suite_name()) + "." + test->name();
}

ExpectedOutput expected_output(const OperatorCase& c, const Expected& expected, tn_math_mode mode) {
  ExpectedOutput output;
  if (expected.dtype == TN_DTYPE_UNDEFINED) return output;  // One that is not asked for.
  output.dims = expected.dims;
  const Tolerance tolerance = tolerance_of(c.domain, c.name, expected.dtype, mode);
  for (const Number& exact : expected.values) {
    output.granted.push_back(is_float(expected.dtype)
                                 ? static_cast<double>(granted(expected.dtype, exact, tolerance))
                                 : 0);
  }
  return output;
}

}  // namespace

bool is_expectation_asked() {
  static const bool asked = std::getenv("TENON_PERTURB") != nullptr;
  return asked;
}

Announced::Announced(const OperatorCase& operator_case, tn_math_mode mode) {
  if (!is_expectation_asked()) return;
  expectation_.test = running_test();
  for (const Expected& expected : operator_case.outputs) {
    expectation_.outputs.push_back(expected_output(operator_case, expected, mode));
  }
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
