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
#include "tenon/device/operators/description_checks.h"

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

// Throws unless the description has as many inputs, all present and of one type, and one output of
// that type or, for tests, of bools.
inline void require_one_type(const Description& d, size_t inputs, bool test = false) {
  device::require_inputs(d, inputs);
  device::require_same_inputs(d);
  device::require_output(d, test ? TN_BOOL : d.input_dtype(0));
}

// CreateKernel where all inputs and the output have one type.
template <Group kGroup, int32_t kOp, int kArity>
std::unique_ptr<device::Kernel> create_elementwise(const Description& d) {
  require_one_type(d, kArity);
  return make_elementwise(d, {kGroup, kOp, kArity});
}

// The same with a bool output.
template <Group kGroup, int32_t kOp, int kArity>
std::unique_ptr<device::Kernel> create_test(const Description& d) {
  require_one_type(d, kArity, /*test=*/true);
  return make_elementwise(d, {kGroup, kOp, kArity});
}

}  // namespace tenon::gpu
