// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of two inputs of one type.
#include "plugins/gpu_common/operators/elementwise.h"

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
  return d.integer("fmod", 0) != 0 ? kDivision<OP_ModTruncate>(d) : kDivision<OP_ModFloor>(d);
}

template <int32_t kOp>
constexpr device::CreateKernel kCompare = create_test<Group::kCompare, kOp, 2>;
template <int32_t kOp>
constexpr device::CreateKernel kLogic = create_test<Group::kLogic, kOp, 2>;

}  // namespace

Rows binary_operators() {
  static const OperatorEntry kEntries[] = {
      {"", "Add", 14, kNumericTypes, kBinary<OP_Add>},
      {"", "Sub", 14, kNumericTypes, kBinary<OP_Sub>},
      {"", "Mul", 14, kNumericTypes, kBinary<OP_Mul>},
      {"", "Max", 13, kNumericTypes, kBinary<OP_Max>},
      {"", "Min", 13, kNumericTypes, kBinary<OP_Min>},
      {"", "Div", 14, kNumericTypes, create_div},
      {"", "Mod", 13, kNumericTypes, create_mod},
      {"", "Pow", 15, kNumericTypes, kPower<OP_Pow>},
      {"tenon", "FloorDiv", 1, kNumericTypes, kDivision<OP_FloorDiv>},
      {"tenon", "DivNoNan", 1, kFloatTypes, kBinary<OP_DivNoNan>},
      {"tenon", "SquaredDifference", 1, kFloatTypes, kBinary<OP_SquaredDifference>},
      {"tenon", "Atan2", 1, kFloatTypes, kPower<OP_Atan2>},
      {"", "And", 7, kBoolType, kLogic<OP_And>},
      {"", "Or", 7, kBoolType, kLogic<OP_Or>},
      {"", "Xor", 7, kBoolType, kLogic<OP_Xor>},
  };
  return kEntries;
}

Rows compare_operators() {
  static const OperatorEntry kEntries[] = {
      {"", "Equal", 19, kComputedTypes, kCompare<OP_Equal>},
      {"tenon", "NotEqual", 1, kComputedTypes, kCompare<OP_NotEqual>},
      {"", "Less", 13, kNumericTypes, kCompare<OP_Less>},
      {"", "LessOrEqual", 16, kNumericTypes, kCompare<OP_LessOrEqual>},
      {"", "Greater", 13, kNumericTypes, kCompare<OP_Greater>},
      {"", "GreaterOrEqual", 16, kNumericTypes, kCompare<OP_GreaterOrEqual>},
  };
  return kEntries;
}

}  // namespace tenon::gpu
