// SPDX-License-Identifier: Apache-2.0
//
// Turns operator cases into tests: "Operator/Add/float32.TN_operator_001_broadcast_dense".
#pragma once

#include <string>
#include <vector>

#include "suite/case.h"

namespace tenon::conformance {

// How a case's tensors lie in memory and are described. Axes along which an input repeats have
// stride 0 in all of them.
enum class Form {
  kDense,    // Dense row-major, all dims and strides known.
  kDynamic,  // The same memory, dims and strides given at launch.
  kStrided   // Column-major with gaps, dims and strides known.
};

// One test for each case and form of the operators in the device's table, and one that launches
// again for each case. Returns the float32 operators of the table that no case knows.
std::vector<std::string> register_operator_tests();

}  // namespace tenon::conformance
