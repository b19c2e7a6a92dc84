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

}  // namespace

Rows select_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kWhere, kMovedTypes, create_where},
      {op::kClip, kNumericTypes, create_clip},
  };
  return kEntries;
}

Rows ternary_operators() {
  static const std::vector<OperatorEntry> kEntries = [] {
    std::vector<OperatorEntry> table;
    TENON_ADD_ROWS(table, NUMERIC_ternary, kTernary, 3, kNumericTypes)
    TENON_ADD_ROWS(table, FLOAT_ternary, kTernary, 3, kFloatTypes)
    TENON_ADD_ROWS(table, NUMERIC_quaternary, kQuaternary, 4, kNumericTypes)
    TENON_ADD_ROWS(table, FLOAT_quaternary, kQuaternary, 4, kFloatTypes)
    return table;
  }();
  return kEntries;
}

Rows elementwise_grad_operators() {
  static const std::vector<OperatorEntry> kEntries = [] {
    std::vector<OperatorEntry> table = {{op::kTenonGeluGrad, kFloatTypes, create_gelu_grad}};
    TENON_ADD_ROWS(table, FLOAT_math_grad, kMathGrad, 2, kFloatTypes)
    return table;
  }();
  return kEntries;
}

}  // namespace tenon::gpu
