// SPDX-License-Identifier: Apache-2.0
//
// The halves of convolutions and their gradients: see kernel_of.h.
#pragma once

#include "tenon/device/operators/conv_window.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

// Gradients have fewer attributes; the others are at their defaults.
struct ConvolutionOperator : NamedOperator, attributes::Conv {
  explicit ConvolutionOperator(const Description& d);
  ConvWindow window;

  // Throws unless X [N, C, ...], W [M, C / groups, ...] and Y [N, M, ...], called so in messages,
  // fit together.
  void check_dims(const View& x, const View& w, const View& y, const char* y_name) const;
};

struct ConvOperator : ConvolutionOperator {
  static constexpr size_t kInputs = 3;
  using ConvolutionOperator::ConvolutionOperator;
  void check(const Arguments& a) const;
};

// Of (dY, W; dX) and (dY, X; dW). Several sizes of dX and dW give one of dY, so the caller alone
// decides them.
struct ConvGradInputOperator : ConvolutionOperator {
  using ConvolutionOperator::ConvolutionOperator;
  void check(const Arguments& a) const {
    if (a.asked == nullptr) check_dims(a.output(0), a.input(1), a.input(0), "dY");
  }
};

// Of (X, W, B; Y): the gradient of the input of a convolution of Y, and B.
struct ConvTransposeOperator : ConvolutionOperator {
  explicit ConvTransposeOperator(const Description& d);
  void check(const Arguments& a) const;
  attributes::ConvTranspose transposed;
};

struct ConvGradWeightOperator : ConvolutionOperator {
  using ConvolutionOperator::ConvolutionOperator;
  void check(const Arguments& a) const {
    if (a.asked == nullptr) check_dims(a.input(1), a.output(0), a.input(0), "dY");
  }
};

}  // namespace tenon::device
