// SPDX-License-Identifier: Apache-2.0
//
// The halves of losses: see kernel_of.h.
#pragma once

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

enum class LossReduction : int32_t { kNone, kSum, kMean };

struct NllLossOperator : NamedOperator {
  explicit NllLossOperator(const Description& d);
  void check(const Arguments& a) const;
  LossReduction reduction;
  int64_t ignored;  // The class whose positions do not count.
};

struct NllLossGradOperator : NamedOperator {
  explicit NllLossGradOperator(const Description& d);
  void check(const Arguments& a) const;
  LossReduction reduction;
  int64_t ignored;
};

}  // namespace tenon::device
