// SPDX-License-Identifier: Apache-2.0
//
// Where, Clip, and elementwise operators of three and four inputs; gradients.
#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::gpu {
namespace {

using device::kFloatTypes, device::kNumericTypes;

std::unique_ptr<device::Kernel> create_where(const Description& d) {
  device::require_where(d);
  ElementwiseForm form{Group::kWhere, OP_Where, 3};
  form.moved = true;
  form.computed = 1;
  return make_elementwise(d, form);
}

// A bound that is absent is no input of the function.
std::unique_ptr<device::Kernel> create_clip(const Description& d) {
  device::require_clip(d);
  if (d.has_input(1) && d.has_input(2)) {
    return make_elementwise(d, {Group::kTernary, OP_ClipBoth, 3});
  }
  if (d.has_input(1)) return make_elementwise(d, {Group::kBinary, OP_ClipLow, 2});
  if (d.has_input(2)) return make_elementwise(d, {Group::kBinary, OP_ClipHigh, 2, {0, 2}});
  ElementwiseForm form{Group::kCopy, OP_Copy, 1};
  form.moved = true;
  return make_elementwise(d, form);
}

std::unique_ptr<device::Kernel> create_gelu_grad(const Description& d) {
  return device::is_tanh_gelu(d) ? create_elementwise<Group::kMathGrad, OP_GeluTanhGrad, 2>(d)
                                 : create_elementwise<Group::kMathGrad, OP_GeluGrad, 2>(d);
}

template <int32_t kOp>
constexpr device::CreateKernel kGrad = create_elementwise<Group::kBinary, kOp, 2>;
template <int32_t kOp>
constexpr device::CreateKernel kTernary = create_elementwise<Group::kTernary, kOp, 3>;
template <int32_t kOp>
constexpr device::CreateKernel kQuaternary = create_elementwise<Group::kQuaternary, kOp, 4>;

}  // namespace

Rows select_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kWhere, kMovedTypes, create_where},
      {op::kClip, kNumericTypes, create_clip},
  };
  return kEntries;
}

Rows ternary_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kTenonAddScaled, kNumericTypes, kTernary<OP_AddScaled>},
      {op::kTenonLerp, kFloatTypes, kTernary<OP_Lerp>},
      {op::kTenonAddCMul, kNumericTypes, kQuaternary<OP_AddCMul>},
      {op::kTenonAddCDiv, kFloatTypes, kQuaternary<OP_AddCDiv>},
  };
  return kEntries;
}

Rows elementwise_grad_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kTenonReluGrad, kFloatTypes, kTernary<OP_ReluGrad>},
      {op::kTenonTanhGrad, kFloatTypes, kGrad<OP_TanhGrad>},
      {op::kTenonSigmoidGrad, kFloatTypes, kGrad<OP_SigmoidGrad>},
      {op::kTenonRsqrtGrad, kFloatTypes, kGrad<OP_RsqrtGrad>},
      {op::kTenonSqrtGrad, kFloatTypes, kGrad<OP_SqrtGrad>},
      {op::kTenonGeluGrad, kFloatTypes, create_gelu_grad},
      {op::kTenonSiluGrad, kFloatTypes, create_elementwise<Group::kMathGrad, OP_SiluGrad, 2>},
  };
  return kEntries;
}

}  // namespace tenon::gpu
