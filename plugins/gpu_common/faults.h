// SPDX-License-Identifier: Apache-2.0
//
// What a kernel's fault word says: the codes of kernels/portable.h with their meaning. The statuses
// are those of docs/spec/10-operators.md ("Integers").
#pragma once

#include <cstdint>

#include "tenon/tenon.h"

namespace tenon::gpu {

struct Fault {
  tn_status status;
  const char* message;  // Behind "<operator>: ".
};

inline Fault fault_of(int32_t code) {
  switch (code) {
    case 1:
      return {TN_INVALID_ARGUMENT, "integer division by zero"};
    case 2:
      return {TN_INVALID_ARGUMENT, "an index is out of range"};
    case 3:
      return {TN_INVALID_ARGUMENT, "a value is not allowed"};
    default:
      return {TN_INTERNAL, "the kernel left an unknown fault code"};
  }
}

}  // namespace tenon::gpu
