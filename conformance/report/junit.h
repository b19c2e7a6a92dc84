// SPDX-License-Identifier: Apache-2.0
//
// A report as JUnit's XML, for what shows results of tests: CI systems and editors. What is
// unsupported or waived is a skipped test there.
#pragma once

#include <string>

#include "report/report.h"

namespace tenon::conformance {

std::string junit_of(const Report& report);

// Text for XML and HTML: markup escaped, and what neither may hold replaced.
std::string escaped(const std::string& text);

}  // namespace tenon::conformance
