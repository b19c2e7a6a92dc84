// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of one input.
#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/copies.h"

namespace tenon::gpu {
namespace {

using device::kBoolType, device::kFloatTypes, device::kNumericTypes;

template <int32_t kOp>
constexpr device::CreateKernel kUnary = create_elementwise<Group::kUnary, kOp, 1>;
template <int32_t kOp>
constexpr device::CreateKernel kMath = create_elementwise<Group::kMath, kOp, 1>;

std::unique_ptr<device::Kernel> make(const Description& d, Group group, int32_t op, float first,
                                     float second = 0) {
  require_one_type(d, 1);
  ElementwiseForm form{group, op, 1};
  form.first = first;
  form.second = second;
  return make_elementwise(d, form);
}

std::unique_ptr<device::Kernel> create_leaky_relu(const Description& d) {
  return make(d, Group::kUnary, OP_LeakyRelu, d.real("alpha"));
}
std::unique_ptr<device::Kernel> create_hard_sigmoid(const Description& d) {
  return make(d, Group::kUnary, OP_HardSigmoid, d.real("alpha"), d.real("beta"));
}
std::unique_ptr<device::Kernel> create_elu(const Description& d) {
  return make(d, Group::kMath, OP_Elu, d.real("alpha"));
}

std::unique_ptr<device::Kernel> create_gelu(const Description& d) {
  return device::is_tanh_gelu(d) ? kMath<OP_GeluTanh>(d) : kMath<OP_Gelu>(d);
}

std::unique_ptr<device::Kernel> create_is_inf(const Description& d) {
  require_arity(d, 1);
  require_output_type(d, TN_BOOL);
  ElementwiseForm form{Group::kTest, OP_IsInf, 1};
  form.first = d.integer("detect_negative") != 0 ? 1.0f : 0.0f;
  form.second = d.integer("detect_positive") != 0 ? 1.0f : 0.0f;
  return make_elementwise(d, form);
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
      {op::kLeakyRelu, kFloatTypes, create_leaky_relu},
      {op::kHardSigmoid, kFloatTypes, create_hard_sigmoid},
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
      {op::kElu, kFloatTypes, create_elu},
      {op::kSin, kFloatTypes, create_elementwise<Group::kTrigonometry, OP_Sin, 1>},
      {op::kCos, kFloatTypes, create_elementwise<Group::kTrigonometry, OP_Cos, 1>},
      {op::kNot, kBoolType, create_test<Group::kInversion, OP_Not, 1>},
      {op::kIsNaN, kFloatTypes, create_test<Group::kTest, OP_IsNaN, 1>},
      {op::kIsInf, kFloatTypes, create_is_inf},
  };
  return kEntries;
}

}  // namespace tenon::gpu
