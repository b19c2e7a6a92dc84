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
  explicit MaxPoolOperator(const Description& d) : MaxPoolOperator(d, attributes::MaxPool(d)) {}
  void check(const Arguments& a) const;
  PoolWindow window;

 protected:
  MaxPoolOperator(const Description& d, const attributes::MaxPool& a);
};

// ONNX's: an index is a place in the whole tensor.
struct MaxPoolTensorOperator : MaxPoolOperator {
  explicit MaxPoolTensorOperator(const Description& d)
      : MaxPoolTensorOperator(d, attributes::MaxPool(d)) {}
  bool storage_order;  // True: an index counts columns first.

 private:
  MaxPoolTensorOperator(const Description& d, const attributes::MaxPool& a)
      : MaxPoolOperator(d, a), storage_order(a.storage_order) {}
};

// The caller alone decides the dims of dX.
struct MaxPoolGradOperator : NamedOperator {
  explicit MaxPoolGradOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct AveragePoolOperator : NamedOperator {
  explicit AveragePoolOperator(const Description& d)
      : AveragePoolOperator(d, attributes::AveragePool(d)) {}
  void check(const Arguments& a) const { window.check_output(name, a); }
  PoolWindow window;
  bool count_include_pad;  // In what a sum is divided by.

 private:
  AveragePoolOperator(const Description& d, const attributes::AveragePool& a);
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
