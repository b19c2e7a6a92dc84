// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of one input: the rows of kernels/elementwise_rows.h, and those with
// attributes.
#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::gpu {
namespace {

using device::kBoolType, device::kFloatTypes, device::kIntegerTypes, device::kNumericTypes;

// With attributes that are numbers of the formula.
template <Group kGroup, int32_t kOp, bool kTest = false>
std::unique_ptr<device::Kernel> create_with_numbers(const Description& d) {
  kTest ? device::require_test(d, 1) : device::require_one_type(d, 1);
  const device::ElementwiseNumbers numbers = device::elementwise_numbers(d);
  ElementwiseForm form{kGroup, kOp, 1};
  form.first = numbers.first;
  form.second = numbers.second;
  return make_elementwise(d, form);
}

std::unique_ptr<device::Kernel> create_gelu(const Description& d) {
  return device::is_tanh_gelu(d) ? create_elementwise<Group::kMath, OP_GeluTanh, 1>(d)
                                 : create_elementwise<Group::kMath, OP_Gelu, 1>(d);
}

}  // namespace

Rows unary_operators() {
  static const std::vector<OperatorEntry> kEntries = [] {
    std::vector<OperatorEntry> table = {
        {op::kLeakyRelu, kFloatTypes, create_with_numbers<Group::kUnary, OP_LeakyRelu>},
        {op::kHardSigmoid, kFloatTypes, create_with_numbers<Group::kUnary, OP_HardSigmoid>},
        {op::kGelu, kFloatTypes, create_gelu},
        {op::kElu, kFloatTypes, create_with_numbers<Group::kMath, OP_Elu>},
        {op::kSelu, kFloatTypes, create_with_numbers<Group::kMath, OP_Selu>},
        {op::kCelu, kFloatTypes, create_with_numbers<Group::kMath, OP_Celu>},
        {op::kSwish, kFloatTypes, create_with_numbers<Group::kMath, OP_Swish>},
        {op::kThresholdedRelu, kFloatTypes, create_with_numbers<Group::kUnary, OP_ThresholdedRelu>},
        {op::kShrink, kNumericTypes, create_with_numbers<Group::kUnary, OP_Shrink>},
        {op::kIsInf, kFloatTypes, create_with_numbers<Group::kTest, OP_IsInf, true>},
    };
    TENON_ADD_ROWS(table, NUMERIC_unary, kUnary, 1, kNumericTypes)
    TENON_ADD_ROWS(table, FLOAT_unary, kUnary, 1, kFloatTypes)
    TENON_ADD_ROWS(table, FLOAT_math, kMath, 1, kFloatTypes)
    TENON_ADD_ROWS(table, FLOAT_trigonometry, kTrigonometry, 1, kFloatTypes)
    TENON_ADD_ROWS(table, FLOAT_hyperbolic, kHyperbolic, 1, kFloatTypes)
    TENON_ADD_ROWS(table, FLOAT_test, kTest, 1, kFloatTypes)
    TENON_ADD_ROWS(table, NUMERIC_inversion, kInversion, 1, kBoolType)
    TENON_ADD_ROWS(table, NUMERIC_bit_inversion, kBitInversion, 1, kIntegerTypes)
    return table;
  }();
  return kEntries;
}

}  // namespace tenon::gpu
