// SPDX-License-Identifier: Apache-2.0
//
// The halves of pooling operators: see kernel_of.h.
#pragma once

#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/pool_window.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// tenon.MaxPool: an index is a place in its plane.
struct MaxPoolOperator : NamedOperator {
  explicit MaxPoolOperator(const Description& d);
  void check(const Arguments& a) const;
  PoolWindow window;
};

// ONNX's: an index is a place in the whole tensor.
struct MaxPoolTensorOperator : MaxPoolOperator {
  explicit MaxPoolTensorOperator(const Description& d);
  bool column_major;
};

// The caller alone decides the dims of dX.
struct MaxPoolGradOperator : NamedOperator {
  explicit MaxPoolGradOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct AveragePoolOperator : NamedOperator {
  explicit AveragePoolOperator(const Description& d);
  void check(const Arguments& a) const { window.check_output(name, a); }
  PoolWindow window;
  bool with_pads;  // What is divided by counts padding.
};

struct AveragePoolGradOperator : AveragePoolOperator {
  using AveragePoolOperator::AveragePoolOperator;
  void check(const Arguments& a) const { window.check_grad(name, a); }
};

struct GlobalPoolOperator : NamedOperator {
  explicit GlobalPoolOperator(const Description& d);
  void check(const Arguments& a) const;
};

}  // namespace tenon::device
