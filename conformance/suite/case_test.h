// SPDX-License-Identifier: Apache-2.0
//
// Turns operator cases into tests: "Operator/Add/float32.TN_operator_001_broadcast_dense". What a
// device claims is what is tested: each row of its table at the row's own version
// ("Operator/Add/v13/float32" where that is not the contract's), each element type.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tenon::conformance {

struct CaseOptions {
  // Kernel descriptions of an operator and type, at most: some devices compile for a second. 0: no
  // limit.
  size_t compile_budget = 24;
  // Of the random values of cases.
  uint32_t seed = 0;
  // Whether tests of this suite ("Operator/Add/float32") are wanted: others need not be made.
  std::function<bool(const std::string&)> wanted = [](const std::string&) { return true; };
};

void register_operator_tests(const CaseOptions& options = {});

}  // namespace tenon::conformance
