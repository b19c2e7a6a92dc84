// SPDX-License-Identifier: Apache-2.0
//
// The halves of reductions, and of operators along one axis: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// A reduction over the axes in input 1. Not all have `noop_with_empty_axes`, which is false then.
struct ReductionOperator : NamedOperator, attributes::ReduceSum {
  enum class Form { kValue, kVariance };  // A variance has a correction, and a second output.
  explicit ReductionOperator(const Description& d, Form form = Form::kValue);
  // Where a value of `axes` decides, at a launch: whether the ranks can fit.
  void check(const Arguments& a) const;
  // Bit d: dim d of the data is reduced.
  uint32_t axes_of(const Arguments& a) const;
  // Throws unless an output has the dims that are left.
  void check_dims(const Arguments& a, size_t output, uint32_t axes) const;
};
struct VarianceOperator : ReductionOperator {
  explicit VarianceOperator(const Description& d) : ReductionOperator(d, Form::kVariance) {}
};

// ArgMax and ArgMin.
struct ArgReductionOperator : NamedOperator, attributes::ArgMax {
  explicit ArgReductionOperator(const Description& d);
  void check(const Arguments& a) const;
};

// CumSum and CumProd.
struct CumulativeOperator : NamedOperator, attributes::CumSum {
  explicit CumulativeOperator(const Description& d);
  void check(const Arguments& a) const;
};

// Inputs and output of the same dims, worked on along one axis.
struct AlongAxisOperator : NamedOperator {
  AlongAxisOperator(const Description& d, int64_t axis, size_t inputs);
  void check(const Arguments& a) const;
  int64_t axis;
};
// Softmax and LogSoftmax.
struct SoftmaxOperator : AlongAxisOperator {
  explicit SoftmaxOperator(const Description& d)
      : AlongAxisOperator(d, attributes::Softmax(d).axis, 1) {}
};
struct SoftmaxGradOperator : AlongAxisOperator {
  explicit SoftmaxGradOperator(const Description& d)
      : AlongAxisOperator(d, attributes::TenonSoftmaxGrad(d).axis, 2) {}
};
struct LpNormalizationOperator : AlongAxisOperator {
  explicit LpNormalizationOperator(const Description& d)
      : LpNormalizationOperator(d, attributes::LpNormalization(d)) {}
  int64_t p;

 private:
  LpNormalizationOperator(const Description& d, const attributes::LpNormalization& a)
      : AlongAxisOperator(d, a.axis, 1), p(a.p) {}
};

}  // namespace tenon::device
