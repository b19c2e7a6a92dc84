// SPDX-License-Identifier: Apache-2.0
//
// The halves of spectra, and of values of whole matrices: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// Where a transform goes along, and how many numbers it is of.
struct Transform {
  int32_t axis;
  int64_t length;
};

struct DftOperator : NamedOperator, attributes::DFT {
  explicit DftOperator(const Description& d);
  void check(const Arguments& a) const;
  // Throws where the output's dims are not those that the values of the inputs ask for.
  Transform transform(const Arguments& a) const;
};

// One value for each square matrix.
struct DetOperator : NamedOperator {
  explicit DetOperator(const Description& d);
  void check(const Arguments& a) const;
};

}  // namespace tenon::device
