// SPDX-License-Identifier: Apache-2.0
//
// The halves of optimizer steps: see kernel_of.h. Their inputs are tensors, then host values.
#pragma once

#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

struct AdamWOperator : NamedOperator {
  static constexpr size_t kTensors = 5, kInputs = 11;
  explicit AdamWOperator(const Description& d);
  void check(const Arguments& a) const;
  bool maximize, decoupled;
};

struct SgdMomentumOperator : NamedOperator {
  static constexpr size_t kTensors = 3, kInputs = 7;
  explicit SgdMomentumOperator(const Description& d);
  void check(const Arguments& a) const;
  bool nesterov, maximize, first;
};

}  // namespace tenon::device
