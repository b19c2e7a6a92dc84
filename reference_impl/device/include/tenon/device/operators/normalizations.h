// SPDX-License-Identifier: Apache-2.0
//
// The halves of normalizations with statistics: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// Inference alone.
struct BatchNormOperator : NamedOperator, attributes::BatchNormalization {
  explicit BatchNormOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct BatchNormTrainingOperator : NamedOperator {
  explicit BatchNormTrainingOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct BatchNormGradOperator : NamedOperator, attributes::TenonBatchNormGrad {
  explicit BatchNormGradOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct InstanceNormOperator : NamedOperator, attributes::InstanceNormalization {
  explicit InstanceNormOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct LocalResponseOperator : NamedOperator, attributes::LRN {
  explicit LocalResponseOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct LayerNormOperator : NamedOperator, attributes::LayerNormalization {
  explicit LayerNormOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct LayerNormGradOperator : NamedOperator, attributes::TenonLayerNormGrad {
  explicit LayerNormGradOperator(const Description& d);
  void check(const Arguments& a) const;
};

}  // namespace tenon::device
