// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that sample images between their elements: see kernel_of.h.
#pragma once

#include "tenon/device/operators/conv_window.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

struct GridSampleOperator : NamedOperator, attributes::GridSample {
  explicit GridSampleOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct DeformConvOperator : NamedOperator, attributes::DeformConv {
  explicit DeformConvOperator(const Description& d);
  void check(const Arguments& a) const;
  ConvWindow window;
};

}  // namespace tenon::device
