// SPDX-License-Identifier: Apache-2.0
//
// The halves of convolutions and their gradients: see kernel_of.h.
#pragma once

#include "tenon/device/operators/conv_attributes.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

struct ConvolutionOperator : NamedOperator {
  explicit ConvolutionOperator(const Description& d);
  ConvAttributes attributes;
};

struct ConvOperator : ConvolutionOperator {
  static constexpr size_t kInputs = 3;
  using ConvolutionOperator::ConvolutionOperator;
  void check(const Arguments& a) const { attributes.check_output(name, a); }
};

struct ConvGradInputOperator : ConvolutionOperator {
  using ConvolutionOperator::ConvolutionOperator;
  void check(const Arguments& a) const { attributes.check_grad_input(name, a); }
};

struct ConvGradWeightOperator : ConvolutionOperator {
  using ConvolutionOperator::ConvolutionOperator;
  void check(const Arguments& a) const { attributes.check_grad_weight(name, a); }
};

}  // namespace tenon::device
