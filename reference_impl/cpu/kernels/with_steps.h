// SPDX-License-Identifier: Apache-2.0
//
// tenon.FusedConv and tenon.FusedMatMul: the product's kernel with the steps in its store, as many
// as that takes, then the kernel of each other step in place on the output.
#pragma once

#include "reference_impl/cpu/kernels/step_kernels.h"

namespace tenon::cpu {

// `Product`: the kernel of a FusedOperator. Its run_with() says how many steps it has done.
template <class Product>
class WithSteps final : public Product {
 public:
  explicit WithSteps(const Description& d) : Product(d), kernels_(d, this->operator_.steps) {}

  void run(const Arguments& a, const Execution& execution) const override {
    kernels_.run(a, execution, Product::run_with(a, execution, &kernels_));
  }

 private:
  const StepKernels kernels_;
};

}  // namespace tenon::cpu
