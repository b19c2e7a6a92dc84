// SPDX-License-Identifier: Apache-2.0
//
// All elementwise operators are one kernel class around kernels/elementwise.cl. A table's row names
// the function and the group in which it is compiled (kernels/elementwise_groups.h).
#pragma once

#include <array>
#include <memory>
#include <string>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/kernels/elementwise_groups.h"
#include "plugins/gpu_common/operators/element_types.h"

namespace tenon::gpu {

// In kernels/elementwise_groups.h.
enum class Group {
  kCopy,
  kCast,
  kUnary,
  kMath,
  kTrigonometry,
  kTest,
  kInversion,
  kBinary,
  kMathGrad,
  kPower,
  kDivision,
  kCompare,
  kLogic,
  kWhere,
  kTernary,
  kQuaternary
};

// A function with the inputs of the operator that it takes.
struct ElementwiseForm {
  Group group;
  int32_t op;
  int arity;
  std::array<size_t, 4> inputs = {0, 1, 2, 3};
  float first = 0, second = 0;  // Attributes.
  bool moved = false;           // Only the size of elements matters.
  size_t computed = 0;          // The input whose type is computed in.
};

// Makes the kernel. The types are those of the description: nothing is checked here.
std::unique_ptr<device::Kernel> make_elementwise(const Description& d, const ElementwiseForm& form);

// Throws TN_INVALID_ARGUMENT unless the description has as many inputs, all present, and one
// output; TN_UNSUPPORTED unless inputs from `first` on and the output have one type.
void require_one_type(const Description& d, size_t inputs, size_t first = 0);
void require_arity(const Description& d, size_t inputs);
void require_output_type(const Description& d, tn_dtype dtype);

// CreateKernel where all inputs and the output have one type.
template <Group kGroup, int32_t kOp, int kArity>
std::unique_ptr<device::Kernel> create_elementwise(const Description& d) {
  require_one_type(d, kArity);
  return make_elementwise(d, {kGroup, kOp, kArity});
}

// The same with a bool output.
template <Group kGroup, int32_t kOp, int kArity>
std::unique_ptr<device::Kernel> create_test(const Description& d) {
  require_arity(d, kArity);
  for (size_t i = 1; i < kArity; ++i) {
    if (d.input_dtype(i) != d.input_dtype(0)) {
      throw KernelError(TN_UNSUPPORTED, std::string(d.name()) + ": the inputs differ in type");
    }
  }
  require_output_type(d, TN_BOOL);
  return make_elementwise(d, {kGroup, kOp, kArity});
}

}  // namespace tenon::gpu
