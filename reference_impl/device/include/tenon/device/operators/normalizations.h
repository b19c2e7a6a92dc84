// SPDX-License-Identifier: Apache-2.0
//
// The halves of normalizations with statistics: see kernel_of.h.
#pragma once

#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// Inference alone.
struct BatchNormOperator : NamedOperator {
  explicit BatchNormOperator(const Description& d);
  void check(const Arguments& a) const;
  float epsilon;
};

struct BatchNormTrainingOperator : NamedOperator {
  explicit BatchNormTrainingOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct BatchNormGradOperator : NamedOperator {
  explicit BatchNormGradOperator(const Description& d);
  void check(const Arguments& a) const;
  bool training;
};

struct LayerNormOperator : NamedOperator {
  explicit LayerNormOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t axis;
  float epsilon;
};

struct LayerNormGradOperator : NamedOperator {
  explicit LayerNormGradOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t axis;
};

}  // namespace tenon::device
