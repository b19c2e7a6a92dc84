// SPDX-License-Identifier: Apache-2.0
//
// The steps of tenon.FusedConv and tenon.FusedMatMul by the kernels of the operators that their
// words are: what a step means is said there alone. They run in place on the whole output, or their
// loops on each tile of a product while it is in the first cache.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "reference_impl/cpu/kernels/kernel.h"
#include "reference_impl/cpu/kernels/output_form.h"
#include "tenon/device/operators/fused_steps.h"

namespace tenon::cpu {

// Kernels for the steps from `first` on, each of which works in place on the output. What they
// throw says which step it is of.
class StepKernels {
 public:
  StepKernels() = default;
  StepKernels(const Description& description, const FusedSteps& steps, size_t first = 0);

  bool empty() const { return parts_.empty(); }
  // The steps from `first` on. Of arguments that the operator's half has checked. Steps without an
  // operand need nothing but the output, of any dims and strides.
  void run(const Arguments& arguments, const Execution& execution, size_t first = 0) const;

  // Adds the steps to the epilogue of a float32 product, as many as that takes; returns how many.
  size_t add_to(gemm::Epilogue<float>& epilogue, const Arguments& arguments,
                const OutputForm& form) const;

 private:
  // A number in the bytes of an element type.
  struct Scalar {
    alignas(double) std::byte bytes[sizeof(double)];
  };
  struct Part {
    StepKind kind;
    std::unique_ptr<Kernel> kernel;
    size_t operand = 0;           // An input; 0: none.
    std::vector<Scalar> scalars;  // Inputs of the kernel behind the value.
  };

  static Scalar scalar_of(float value, tn_dtype dtype);
  static Part part_of(const Description& description, const Step& step, size_t operand);

  std::vector<Part> parts_;
};

}  // namespace tenon::cpu
