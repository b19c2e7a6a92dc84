// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of one input.
#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/shape.h"

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
  return make(d, Group::kUnary, OP_LeakyRelu, d.real("alpha", 0.01f));
}
std::unique_ptr<device::Kernel> create_hard_sigmoid(const Description& d) {
  return make(d, Group::kUnary, OP_HardSigmoid, d.real("alpha", 0.2f), d.real("beta", 0.5f));
}
std::unique_ptr<device::Kernel> create_elu(const Description& d) {
  return make(d, Group::kMath, OP_Elu, d.real("alpha", 1.0f));
}

std::unique_ptr<device::Kernel> create_gelu(const Description& d) {
  const std::string approximate = d.text("approximate", "none");
  if (approximate == "none") return kMath<OP_Gelu>(d);
  if (approximate == "tanh") return kMath<OP_GeluTanh>(d);
  device::throw_invalid(d.name(),
                        "approximate is '" + approximate + "', expected 'none' or 'tanh'");
}

std::unique_ptr<device::Kernel> create_is_inf(const Description& d) {
  require_arity(d, 1);
  require_output_type(d, TN_BOOL);
  ElementwiseForm form{Group::kTest, OP_IsInf, 1};
  form.first = d.integer("detect_negative", 1) != 0 ? 1.0f : 0.0f;
  form.second = d.integer("detect_positive", 1) != 0 ? 1.0f : 0.0f;
  return make_elementwise(d, form);
}

}  // namespace

Rows unary_operators() {
  static const OperatorEntry kEntries[] = {
      {"", "Neg", 13, kNumericTypes, kUnary<OP_Neg>},
      {"", "Abs", 13, kNumericTypes, kUnary<OP_Abs>},
      {"", "Sign", 13, kNumericTypes, kUnary<OP_Sign>},
      {"", "Relu", 14, kNumericTypes, kUnary<OP_Relu>},
      {"", "Sqrt", 13, kFloatTypes, kUnary<OP_Sqrt>},
      {"", "Reciprocal", 13, kFloatTypes, kUnary<OP_Reciprocal>},
      {"tenon", "Rsqrt", 1, kFloatTypes, kUnary<OP_Rsqrt>},
      {"", "Floor", 13, kFloatTypes, kUnary<OP_Floor>},
      {"", "Ceil", 13, kFloatTypes, kUnary<OP_Ceil>},
      {"", "Round", 22, kFloatTypes, kUnary<OP_Round>},
      {"", "LeakyRelu", 16, kFloatTypes, create_leaky_relu},
      {"", "HardSigmoid", 22, kFloatTypes, create_hard_sigmoid},
      {"", "HardSwish", 22, kFloatTypes, kUnary<OP_HardSwish>},
      {"", "Exp", 13, kFloatTypes, kMath<OP_Exp>},
      {"", "Log", 13, kFloatTypes, kMath<OP_Log>},
      {"", "Tanh", 13, kFloatTypes, kMath<OP_Tanh>},
      {"", "Sigmoid", 13, kFloatTypes, kMath<OP_Sigmoid>},
      {"tenon", "Silu", 1, kFloatTypes, kMath<OP_Silu>},
      {"", "Softplus", 22, kFloatTypes, kMath<OP_Softplus>},
      {"", "Erf", 13, kFloatTypes, kMath<OP_Erf>},
      {"tenon", "Erfc", 1, kFloatTypes, kMath<OP_Erfc>},
      {"", "Gelu", 20, kFloatTypes, create_gelu},
      {"", "Elu", 22, kFloatTypes, create_elu},
      {"", "Sin", 22, kFloatTypes, create_elementwise<Group::kTrigonometry, OP_Sin, 1>},
      {"", "Cos", 22, kFloatTypes, create_elementwise<Group::kTrigonometry, OP_Cos, 1>},
      {"", "Not", 1, kBoolType, create_test<Group::kInversion, OP_Not, 1>},
      {"", "IsNaN", 20, kFloatTypes, create_test<Group::kTest, OP_IsNaN, 1>, device::kTypesOfTests},
      {"", "IsInf", 20, kFloatTypes, create_is_inf, device::kTypesOfTests},
  };
  return kEntries;
}

}  // namespace tenon::gpu
