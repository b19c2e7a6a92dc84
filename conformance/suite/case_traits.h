// SPDX-License-Identifier: Apache-2.0
//
// What is particular to a case: words, so that a plan within a budget has each of them once before
// it has any of them twice.
#pragma once

#include <set>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {

using Traits = std::set<std::string>;

// Values of attributes and of each two of them, which inputs are there and of what kind, ranks,
// sizes, and which inputs are repeated.
Traits traits_of(const OperatorCase& c);

}  // namespace tenon::conformance
