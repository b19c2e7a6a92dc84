// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of two inputs of one type.
#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::gpu {
namespace {

using device::kBoolType, device::kComputedTypes, device::kFloatTypes, device::kIntegerTypes,
    device::kNumericTypes;

template <int32_t kOp>
constexpr device::CreateKernel kBinary = create_elementwise<Group::kBinary, kOp, 2>;
template <int32_t kOp>
constexpr device::CreateKernel kDivision = create_elementwise<Group::kDivision, kOp, 2>;
template <int32_t kOp>
constexpr device::CreateKernel kPower = create_elementwise<Group::kPower, kOp, 2>;

// Of integers it may fail.
std::unique_ptr<device::Kernel> create_div(const Description& d) {
  const bool integers = (kIntegerTypes & device::dtype_bit(d.input_dtype(0))) != 0;
  return integers ? kDivision<OP_Div>(d) : kBinary<OP_Div>(d);
}

std::unique_ptr<device::Kernel> create_mod(const Description& d) {
  return device::is_truncated_mod(d) ? kDivision<OP_ModTruncate>(d) : kDivision<OP_ModFloor>(d);
}

template <int32_t kOp>
constexpr device::CreateKernel kCompare = create_test<Group::kCompare, kOp, 2>;
template <int32_t kOp>
constexpr device::CreateKernel kLogic = create_test<Group::kLogic, kOp, 2>;

}  // namespace

Rows binary_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kAdd, kNumericTypes, kBinary<OP_Add>},
      {op::kSub, kNumericTypes, kBinary<OP_Sub>},
      {op::kMul, kNumericTypes, kBinary<OP_Mul>},
      {op::kMax, kNumericTypes, kBinary<OP_Max>},
      {op::kMin, kNumericTypes, kBinary<OP_Min>},
      {op::kDiv, kNumericTypes, create_div},
      {op::kMod, kNumericTypes, create_mod},
      {op::kPow, kNumericTypes, kPower<OP_Pow>},
      {op::kTenonFloorDiv, kNumericTypes, kDivision<OP_FloorDiv>},
      {op::kTenonDivNoNan, kFloatTypes, kBinary<OP_DivNoNan>},
      {op::kTenonSquaredDifference, kFloatTypes, kBinary<OP_SquaredDifference>},
      {op::kTenonAtan2, kFloatTypes, kPower<OP_Atan2>},
      {op::kAnd, kBoolType, kLogic<OP_And>},
      {op::kOr, kBoolType, kLogic<OP_Or>},
      {op::kXor, kBoolType, kLogic<OP_Xor>},
  };
  return kEntries;
}

Rows compare_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kEqual, kComputedTypes, kCompare<OP_Equal>},
      {op::kTenonNotEqual, kComputedTypes, kCompare<OP_NotEqual>},
      {op::kLess, kNumericTypes, kCompare<OP_Less>},
      {op::kLessOrEqual, kNumericTypes, kCompare<OP_LessOrEqual>},
      {op::kGreater, kNumericTypes, kCompare<OP_Greater>},
      {op::kGreaterOrEqual, kNumericTypes, kCompare<OP_GreaterOrEqual>},
  };
  return kEntries;
}

}  // namespace tenon::gpu
