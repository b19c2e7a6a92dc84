// SPDX-License-Identifier: Apache-2.0
//
// The halves of tenon.FusedConv and tenon.FusedMatMul: a product's, and the steps behind it.
#pragma once

#include <string>
#include <vector>

#include "tenon/cpp/steps.hpp"
#include "tenon/device/operators/convolutions.h"
#include "tenon/device/operators/products.h"

namespace tenon::device {

// The steps, whose operands are the inputs from `first_operand` on.
class FusedSteps {
 public:
  FusedSteps() = default;
  // Throws TN_INVALID_ARGUMENT for steps that there are not, and for operands whose type or rank
  // cannot fit the output.
  FusedSteps(const Description& description, size_t first_operand);

  size_t size() const { return steps_.size(); }
  bool empty() const { return steps_.empty(); }
  const Step& operator[](size_t i) const { return steps_[i]; }
  // The input that step `i` reads beside the value; 0 where it reads none.
  size_t operand_of(size_t i) const {
    return steps_[i].word->operand ? first_operand_ + steps_[i].operand : 0;
  }
  // "FusedConv, step 2, 'Clip'", for messages.
  std::string name_of(size_t i) const;

  // Throws TN_INVALID_ARGUMENT unless every operand broadcasts to the output.
  void check(const Arguments& arguments) const;

 private:
  std::string operator_;
  size_t first_operand_ = 0;
  std::vector<Step> steps_;
};

template <class Product>
struct FusedOperator : Product {
  explicit FusedOperator(const Description& d) : Product(d), steps(d, Product::kInputs) {}
  void check(const Arguments& a) const {
    Product::check(a);
    steps.check(a);
  }
  FusedSteps steps;
};

using FusedConvOperator = FusedOperator<ConvOperator>;
using FusedMatMulOperator = FusedOperator<MatMulOperator>;

}  // namespace tenon::device
