// SPDX-License-Identifier: Apache-2.0
//
// tenon.FusedConv and tenon.FusedMatMul: the product's kernel, then that of each step in place on
// the output.
#pragma once

#include "reference_impl/cpu/kernels/step_kernels.h"

namespace tenon::cpu {

// `Product`: the kernel of a FusedOperator without its steps.
template <class Product>
class WithSteps final : public Product {
 public:
  explicit WithSteps(const Description& d) : Product(d), kernels_(d, this->operator_.steps) {}

  void run(const Arguments& a, const Execution& execution) const override {
    Product::run(a, execution);
    kernels_.run(a, execution);
  }

 private:
  const StepKernels kernels_;
};

}  // namespace tenon::cpu
