// SPDX-License-Identifier: Apache-2.0
//
// The halves of losses: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// `sparse`: labels are indices.
struct CrossEntropyOperator : NamedOperator {
  CrossEntropyOperator(const Description& d, bool sparse);
  void check(const Arguments& a) const;
  bool sparse;
};
template <bool kSparse>
struct CrossEntropyForm : CrossEntropyOperator {
  explicit CrossEntropyForm(const Description& d) : CrossEntropyOperator(d, kSparse) {}
};

struct NllLossOperator : NamedOperator, attributes::TenonNllLoss {
  explicit NllLossOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct NllLossGradOperator : NamedOperator, attributes::TenonNllLossGrad {
  explicit NllLossGradOperator(const Description& d);
  void check(const Arguments& a) const;
};

}  // namespace tenon::device
