// SPDX-License-Identifier: Apache-2.0
//
// What a record of a failing test becomes: a line on the kernel, and a program in C11 against
// tenon.h that describes and launches the same.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "suite/recorder.h"

namespace tenon::conformance {

// "Add 14, float32 [3, 4] strides [4, 1], ... -> float32 [3, 4]"; empty where there is no kernel.
std::string description_of(const Record& record);

struct Reproduced {
  std::string test;     // Its name.
  std::string message;  // How it failed.
  std::string plugin;
  size_t device = 0;
  std::vector<std::pair<std::string, std::string>> options;
};

// Empty where no kernel was described, or what it was made with is not known.
std::string reproducer_of(const Record& record, const Reproduced& about);

}  // namespace tenon::conformance
