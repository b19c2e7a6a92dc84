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
constexpr device::CreateKernel kDivision = create_elementwise<Group::kDivision, kOp, 2>;

// Of integers it may fail.
std::unique_ptr<device::Kernel> create_div(const Description& d) {
  const bool integers = (kIntegerTypes & device::dtype_bit(d.input_dtype(0))) != 0;
  return integers ? kDivision<OP_Div>(d) : create_elementwise<Group::kBinary, OP_DivFloat, 2>(d);
}

std::unique_ptr<device::Kernel> create_bit_shift(const Description& d) {
  return device::is_right_shift(d) ? create_elementwise<Group::kBits, OP_RightShift, 2>(d)
                                   : create_elementwise<Group::kBits, OP_LeftShift, 2>(d);
}

std::unique_ptr<device::Kernel> create_mod(const Description& d) {
  return device::is_truncated_mod(d) ? kDivision<OP_ModTruncate>(d) : kDivision<OP_ModFloor>(d);
}

}  // namespace

Rows binary_operators() {
  static const std::vector<OperatorEntry> kEntries = [] {
    std::vector<OperatorEntry> table = {
        {op::kDiv, kNumericTypes, create_div},
        {op::kMod, kNumericTypes, create_mod},
        {op::kBitShift, kIntegerTypes, create_bit_shift},
    };
    TENON_ADD_ROWS(table, NUMERIC_binary, kBinary, 2, kNumericTypes)
    TENON_ADD_ROWS(table, NUMERIC_power, kPower, 2, kNumericTypes)
    TENON_ADD_ROWS(table, FLOAT_power, kPower, 2, kFloatTypes)
    TENON_ADD_ROWS(table, NUMERIC_division, kDivision, 2, kNumericTypes)
    TENON_ADD_ROWS(table, NUMERIC_logic, kLogic, 2, kBoolType)
    TENON_ADD_ROWS(table, NUMERIC_bits, kBits, 2, kIntegerTypes)
    TENON_ADD_ROWS(table, FLOAT_binary, kBinary, 2, kFloatTypes)
    return table;
  }();
  return kEntries;
}

Rows compare_operators() {
  static const std::vector<OperatorEntry> kEntries = [] {
    std::vector<OperatorEntry> table = {
        {op::kEqual, kComputedTypes, create_test<Group::kCompare, OP_Equal, 2>},
        {op::kTenonNotEqual, kComputedTypes, create_test<Group::kCompare, OP_NotEqual, 2>},
    };
    TENON_ADD_ROWS(table, NUMERIC_compare, kCompare, 2, kNumericTypes)
    return table;
  }();
  return kEntries;
}

}  // namespace tenon::gpu
