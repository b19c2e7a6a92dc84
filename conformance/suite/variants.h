// SPDX-License-Identifier: Apache-2.0
//
// What is tried of the cases of one operator and type, within a budget of kernel descriptions: the
// one place where forms, modes, aliases, constants and layouts are spread over cases.
#pragma once

#include <string>
#include <vector>

#include "suite/described.h"
#include "suite/target.h"

namespace tenon::conformance {

// What a test does with a kernel.
enum class Trial {
  kCompute,        // Two launches on other data, at other offsets.
  kSpecial,        // A launch with special numbers among those of the case.
  kAgain,          // Twice the same, with other garbage in the workspace.
  kDeterministic,  // Twice the same, and the same bits.
  kThreads,        // From two threads, on two streams.
  kClaim,          // Is made, which the table has promised.
  kDims,           // Asks for the outputs' dims.
  kForbidden       // Asks for kernels that the contract forbids, and makes none.
};

struct Planned {
  const OperatorCase* operator_case;
  Variant variant;
  Trial trial;
  std::string name;  // Of the test: TN_operator_001_broadcast_dense
  Special special = Special::kNone;
};

struct Plan {
  std::vector<Planned> tests;
  size_t descriptions = 0;  // How many different ones.
};

// `cases` are in the order of their worth, and all fit the row. A budget of 0 is none. `seed`: of
// the random values of cases.
Plan plan_variants(const OperatorRow& row, const std::vector<const OperatorCase*>& cases,
                   uint32_t device_flags, size_t budget, uint32_t seed = 0);

}  // namespace tenon::conformance
