// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that draw numbers: see kernel_of.h.
#pragma once

#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

// RandomUniform and RandomNormal, of four host values. The caller alone decides Y's dims.
struct RandomOperator : NamedOperator {
  explicit RandomOperator(const Description& d);
  void check(const Arguments& a) const;
};

// X, and three host values.
struct DropoutOperator : NamedOperator {
  explicit DropoutOperator(const Description& d);
  void check(const Arguments& a) const;
};

}  // namespace tenon::device
