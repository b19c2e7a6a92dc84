// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of one input.
#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::gpu {
namespace {

using device::kBoolType, device::kFloatTypes, device::kNumericTypes;

template <int32_t kOp>
constexpr device::CreateKernel kUnary = create_elementwise<Group::kUnary, kOp, 1>;
template <int32_t kOp>
constexpr device::CreateKernel kMath = create_elementwise<Group::kMath, kOp, 1>;

// With attributes that are numbers of the formula.
template <Group kGroup, int32_t kOp, bool kTest = false>
std::unique_ptr<device::Kernel> create_with_numbers(const Description& d) {
  require_one_type(d, 1, kTest);
  const device::ElementwiseNumbers numbers = device::elementwise_numbers(d);
  ElementwiseForm form{kGroup, kOp, 1};
  form.first = numbers.first;
  form.second = numbers.second;
  return make_elementwise(d, form);
}

std::unique_ptr<device::Kernel> create_gelu(const Description& d) {
  return device::is_tanh_gelu(d) ? kMath<OP_GeluTanh>(d) : kMath<OP_Gelu>(d);
}

}  // namespace

Rows unary_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kNeg, kNumericTypes, kUnary<OP_Neg>},
      {op::kAbs, kNumericTypes, kUnary<OP_Abs>},
      {op::kSign, kNumericTypes, kUnary<OP_Sign>},
      {op::kRelu, kNumericTypes, kUnary<OP_Relu>},
      {op::kSqrt, kFloatTypes, kUnary<OP_Sqrt>},
      {op::kReciprocal, kFloatTypes, kUnary<OP_Reciprocal>},
      {op::kTenonRsqrt, kFloatTypes, kUnary<OP_Rsqrt>},
      {op::kSoftsign, kFloatTypes, kUnary<OP_Softsign>},
      {op::kFloor, kFloatTypes, kUnary<OP_Floor>},
      {op::kCeil, kFloatTypes, kUnary<OP_Ceil>},
      {op::kRound, kFloatTypes, kUnary<OP_Round>},
      {op::kLeakyRelu, kFloatTypes, create_with_numbers<Group::kUnary, OP_LeakyRelu>},
      {op::kHardSigmoid, kFloatTypes, create_with_numbers<Group::kUnary, OP_HardSigmoid>},
      {op::kHardSwish, kFloatTypes, kUnary<OP_HardSwish>},
      {op::kExp, kFloatTypes, kMath<OP_Exp>},
      {op::kLog, kFloatTypes, kMath<OP_Log>},
      {op::kTanh, kFloatTypes, kMath<OP_Tanh>},
      {op::kSigmoid, kFloatTypes, kMath<OP_Sigmoid>},
      {op::kTenonSilu, kFloatTypes, kMath<OP_Silu>},
      {op::kSoftplus, kFloatTypes, kMath<OP_Softplus>},
      {op::kErf, kFloatTypes, kMath<OP_Erf>},
      {op::kTenonErfc, kFloatTypes, kMath<OP_Erfc>},
      {op::kGelu, kFloatTypes, create_gelu},
      {op::kElu, kFloatTypes, create_with_numbers<Group::kMath, OP_Elu>},
      {op::kSin, kFloatTypes, create_elementwise<Group::kTrigonometry, OP_Sin, 1>},
      {op::kCos, kFloatTypes, create_elementwise<Group::kTrigonometry, OP_Cos, 1>},
      {op::kNot, kBoolType, create_test<Group::kInversion, OP_Not, 1>},
      {op::kIsNaN, kFloatTypes, create_test<Group::kTest, OP_IsNaN, 1>},
      {op::kIsInf, kFloatTypes, create_with_numbers<Group::kTest, OP_IsInf, true>},
  };
  return kEntries;
}

}  // namespace tenon::gpu
