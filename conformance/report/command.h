// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon::conformance {

// One test, as it was run.
struct LoneTest {
  std::string spec, name;
  uint64_t seed = 1;
  bool smoke = false;
  size_t compile_budget = 0;  // 0: the usual one.
  std::string layers;
};

// The command that runs it alone, for a shell.
std::string command_for(const LoneTest& test);

}  // namespace tenon::conformance
