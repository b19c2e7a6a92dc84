// SPDX-License-Identifier: Apache-2.0
//
// All elementwise operators are one kernel class around kernels/elementwise.cl. A table's row names
// the function and the group in which it is compiled. Most rows are those of
// kernels/elementwise_rows.h.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/kernels/elementwise_rows.h"
#include "plugins/gpu_common/operators/element_types.h"
#include "tenon/cpp/operator_ids.hpp"
#include "tenon/device/operators/elementwise.h"

namespace tenon::gpu {

// In kernels/elementwise_rows.h.
enum class Group {
  kCopy,
  kCast,
  kUnary,
  kMath,
  kTrigonometry,
  kHyperbolic,
  kTest,
  kInversion,
  kBitInversion,
  kBinary,
  kMathGrad,
  kPower,
  kDivision,
  kCompare,
  kLogic,
  kBits,
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

// CreateKernel where all inputs and the output have one type.
template <Group kGroup, int32_t kOp, int kArity>
std::unique_ptr<device::Kernel> create_elementwise(const Description& d) {
  device::require_one_type(d, kArity);
  return make_elementwise(d, {kGroup, kOp, kArity});
}

// The same with a bool output.
template <Group kGroup, int32_t kOp, int kArity>
std::unique_ptr<device::Kernel> create_test(const Description& d) {
  device::require_test(d, kArity);
  return make_elementwise(d, {kGroup, kOp, kArity});
}

// ---- The device's rows of those of a group in kernels/elementwise_rows.h ----

// The operators' ids by the names there.
namespace row_ids {
using namespace op;
inline constexpr OperatorId kNone{};
}  // namespace row_ids

// One of a list's rows.
template <Group kGroup, int kArity>
struct RowMaker {
  static constexpr bool kIsTest = kGroup == Group::kTest || kGroup == Group::kInversion ||
                                  kGroup == Group::kCompare || kGroup == Group::kLogic;
  uint64_t dtypes;
  std::vector<OperatorEntry>& table;

  template <int32_t kOp>
  void add(const OperatorId& id) const {
    if (id.name == nullptr) return;
    if constexpr (kIsTest) {
      table.push_back({id, dtypes, create_test<kGroup, kOp, kArity>});
    } else {
      table.push_back({id, dtypes, create_elementwise<kGroup, kOp, kArity>});
    }
  }
};
#define TENON_ADD_ROW(function, operator_id, formula) \
  maker.template add<OP_##function>(row_ids::operator_id);
// Appends the rows of `list` to `table`.
#define TENON_ADD_ROWS(table, list, group, arity, dtypes)     \
  {                                                           \
    const RowMaker<Group::group, arity> maker{dtypes, table}; \
    list(TENON_ADD_ROW)                                       \
  }

}  // namespace tenon::gpu
