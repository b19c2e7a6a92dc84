// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators on quantized tensors that are no products: see kernel_of.h.
#pragma once

#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/pool_window.h"

namespace tenon::device {

// Of (A, its scale and zero point, B's, C's).
struct QLinearBinaryOperator : NamedOperator {
  explicit QLinearBinaryOperator(const Description& d) : NamedOperator(d) {}
  void check(const Arguments& a) const;
};

// Of (X, its scale and zero point, Y's).
struct QLinearSigmoidOperator : NamedOperator {
  explicit QLinearSigmoidOperator(const Description& d) : NamedOperator(d) {}
  void check(const Arguments& a) const;
};
struct QLinearLeakyReluOperator : QLinearSigmoidOperator, attributes::MicrosoftQLinearLeakyRelu {
  explicit QLinearLeakyReluOperator(const Description& d)
      : QLinearSigmoidOperator(d), attributes::MicrosoftQLinearLeakyRelu(d) {}
};

// Of (Y's scale and zero point, then a tensor, its scale and zero point each).
struct QLinearConcatOperator : NamedOperator, attributes::MicrosoftQLinearConcat {
  explicit QLinearConcatOperator(const Description& d);
  void check(const Arguments& a) const;
  static size_t count(const Arguments& a) { return (a.inputs.size() - 2) / 3; }
  static View data(const Arguments& a, size_t i) { return a.inputs[2 + 3 * i]; }
  static View scale(const Arguments& a, size_t i) { return a.inputs[3 + 3 * i]; }
  static View zero(const Arguments& a, size_t i) { return a.inputs[4 + 3 * i]; }
};

// A view of [N, ..., C] as [N, C, ...], or as it is.
class ChannelsFirst {
 public:
  ChannelsFirst(const View& view, bool channels_last);
  ChannelsFirst(const ChannelsFirst&) = delete;
  ChannelsFirst& operator=(const ChannelsFirst&) = delete;
  const View& view() const { return view_; }

 private:
  View view_;
  int64_t dims_[TN_MAX_RANK], strides_[TN_MAX_RANK];
};

struct QLinearAveragePoolOperator : NamedOperator, attributes::MicrosoftQLinearAveragePool {
  explicit QLinearAveragePoolOperator(const Description& d);
  void check(const Arguments& a) const;
  std::vector<int64_t> dilations;  // It has none.
  PoolWindow window;
};

struct QLinearGlobalAveragePoolOperator : NamedOperator,
                                          attributes::MicrosoftQLinearGlobalAveragePool {
  explicit QLinearGlobalAveragePoolOperator(const Description& d)
      : NamedOperator(d), attributes::MicrosoftQLinearGlobalAveragePool(d) {}
  void check(const Arguments& a) const;
};

}  // namespace tenon::device
