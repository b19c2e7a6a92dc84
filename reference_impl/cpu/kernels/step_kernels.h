// SPDX-License-Identifier: Apache-2.0
//
// The steps of tenon.FusedConv and tenon.FusedMatMul by the kernels of the operators that their
// words are: what a step means is said there alone.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/fused_steps.h"

namespace tenon::cpu {

// Kernels for the steps from `first` on, each of which works in place on the output. What they
// throw says which step it is of.
class StepKernels {
 public:
  StepKernels() = default;
  StepKernels(const Description& description, std::span<const Step> steps, size_t first,
              size_t first_operand);

  bool empty() const { return parts_.empty(); }
  // Operands are found among `arguments` as the fused operator has them. Steps without one need
  // nothing but the output, of any dims and strides.
  void check(const Arguments& arguments) const;
  void run(const Arguments& arguments, const Execution& execution) const;

 private:
  // A number in the bytes of an element type.
  struct Scalar {
    alignas(double) std::byte bytes[sizeof(double)];
  };
  struct Part {
    std::string name;  // For messages.
    std::unique_ptr<Kernel> kernel;
    size_t operand = 0;           // An input; 0: none.
    std::vector<Scalar> scalars;  // Inputs of the kernel behind the value.
  };

  static Scalar scalar_of(float value, tn_dtype dtype);
  static void make(const Description& description, const Step& step, size_t first_operand,
                   Part& part);
  // Calls body(what the kernel of `part` is given).
  template <class Body>
  static void over(const Part& part, const Arguments& arguments, Body&& body);

  std::vector<Part> parts_;
};

}  // namespace tenon::cpu
