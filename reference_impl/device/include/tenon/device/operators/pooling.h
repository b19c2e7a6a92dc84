// SPDX-License-Identifier: Apache-2.0
//
// The halves of pooling operators: see kernel_of.h.
#pragma once

#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/pool_window.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// tenon.MaxPool: an index is a place in its plane.
struct MaxPoolOperator : NamedOperator, attributes::MaxPool {
  explicit MaxPoolOperator(const Description& d);
  void check(const Arguments& a) const;
  PoolWindow window;
};

// ONNX's: an index is a place in the whole tensor.
struct MaxPoolTensorOperator : MaxPoolOperator {
  using MaxPoolOperator::MaxPoolOperator;
  bool columns_first() const { return storage_order; }
};

// The caller alone decides the dims of dX.
struct MaxPoolGradOperator : NamedOperator {
  explicit MaxPoolGradOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct AveragePoolOperator : NamedOperator, attributes::AveragePool {
  explicit AveragePoolOperator(const Description& d);
  void check(const Arguments& a) const;
  PoolWindow window;
};

// Several sizes of dX have windows as many as dY, so the caller alone decides it.
struct AveragePoolGradOperator : AveragePoolOperator {
  using AveragePoolOperator::AveragePoolOperator;
  void check(const Arguments& a) const;
};

struct LpPoolOperator : NamedOperator, attributes::LpPool {
  explicit LpPoolOperator(const Description& d);
  void check(const Arguments& a) const;
  PoolWindow window;
};

struct GlobalPoolOperator : NamedOperator {
  explicit GlobalPoolOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct GlobalLpPoolOperator : GlobalPoolOperator, attributes::GlobalLpPool {
  explicit GlobalLpPoolOperator(const Description& d)
      : GlobalPoolOperator(d), attributes::GlobalLpPool(d) {}
};

}  // namespace tenon::device
