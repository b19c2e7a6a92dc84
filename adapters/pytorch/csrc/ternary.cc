// SPDX-License-Identifier: Apache-2.0
//
// Elementwise ops of three tensors: selection, clamping, fused multiply-add forms.
#include <torch/library.h>

#include <ATen/ExpandUtils.h>
#include <ATen/ops/addcdiv_meta.h>
#include <ATen/ops/addcmul_meta.h>
#include <ATen/ops/clamp_max_meta.h>
#include <ATen/ops/clamp_meta.h>
#include <ATen/ops/clamp_min_meta.h>
#include <ATen/ops/lerp_meta.h>
#include <ATen/ops/result_type_native.h>

#include <cmath>

#include "elementwise.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

template <FixedString Name>
struct AddOfTwo {  // input + value * f(a, b)
  static bool serves(const Tensor& self, const Tensor&, const Tensor&, const at::Scalar&) {
    return self.scalar_type() != ScalarType::Bool;
  }
  static void run(auto& meta, const Tensor& self, const Tensor& a, const Tensor& b,
                  const at::Scalar& value, const Tensor& out) {
    elementwise(operation<Name>(), {self, a, b, value}, meta.common_dtype(), out);
  }
};

struct Lerp {
  static void run(auto&, const Tensor& self, const Tensor& end, const auto& weight,
                  const Tensor& out) {
    elementwise(operation<"tenon.Lerp">(), {self, end, weight}, self.scalar_type(), out);
  }
};

// -- Clamping. A bound that is NaN makes everything NaN. --

inline bool bound_is_nan(const std::optional<at::Scalar>& value) {
  return value && value->isFloatingPoint() && std::isnan(value->toDouble());
}

void clip(const Tensor& self, const std::optional<at::Scalar>& low,
          const std::optional<at::Scalar>& high, const Tensor& out) {
  if (bound_is_nan(low) || bound_is_nan(high)) return fill_with(out, std::nan(""));
  ScalarType type = self.scalar_type();
  if (low) type = c10::promoteTypes(type, at::native::result_type(self, *low));
  if (high) type = c10::promoteTypes(type, at::native::result_type(self, *high));
  if (out.numel() == 0) return;
  const Tensor input = as_type(self, type);
  const Tensor result = out.scalar_type() == type ? out : make_like(out, type);
  OperatorCall call(operation<"Clip">(), out);
  call.input(input);
  low ? call.scalar(*low, type) : call.absent();
  high ? call.scalar(*high, type) : call.absent();
  call.output(result).run();
  if (!result.is_same(out)) assign(out, result);
}

struct Clamp {
  static void run(auto&, const Tensor& self, const std::optional<at::Scalar>& low,
                  const std::optional<at::Scalar>& high, const Tensor& out) {
    clip(self, low, high, out);
  }
};
struct ClampMin {
  static void run(auto&, const Tensor& self, const at::Scalar& low, const Tensor& out) {
    clip(self, low, std::nullopt, out);
  }
  static void run(auto& meta, const Tensor& self, const Tensor& low, const Tensor& out) {
    elementwise(operation<"Max">(), {self, low}, meta.common_dtype(), out);
  }
};
struct ClampMax {
  static void run(auto&, const Tensor& self, const at::Scalar& high, const Tensor& out) {
    clip(self, std::nullopt, high, out);
  }
  static void run(auto& meta, const Tensor& self, const Tensor& high, const Tensor& out) {
    elementwise(operation<"Min">(), {self, high}, meta.common_dtype(), out);
  }
};
struct ClampTensor {
  static void run(auto& meta, const Tensor& self, const std::optional<Tensor>& low,
                  const std::optional<Tensor>& high, const Tensor& out) {
    const ScalarType type = meta.common_dtype();
    if (low && high) {
      const Tensor raised = make_like(out, type);
      elementwise(operation<"Max">(), {self, *low}, type, raised);
      elementwise(operation<"Min">(), {raised, *high}, type, out);
    } else if (low) {
      elementwise(operation<"Max">(), {self, *low}, type, out);
    } else if (high) {
      elementwise(operation<"Min">(), {self, *high}, type, out);
    }  // torch has refused calls with neither.
  }
};

// -- Selection --

const Tensor& device_side(const Tensor& a, const Tensor& b, const Tensor& c) {
  return on_tenon(a) ? a : on_tenon(b) ? b : c;
}

Tensor& where_out(const Tensor& condition, const Tensor& self, const Tensor& other, Tensor& out) {
  const auto sizes = at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  at::native::resize_output(out, sizes);
  elementwise_where(condition, self, other, at::result_type(self, other), out);
  return out;
}
Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  const ScalarType type = at::result_type(self, other);
  TORCH_CHECK(
      condition.scalar_type() == ScalarType::Bool || condition.scalar_type() == ScalarType::Byte,
      "where expected condition to be a boolean tensor, but got a tensor with dtype ",
      condition.scalar_type());
  if (!computable(type))
    return Fallback<"aten::where.self", Tensor(const Tensor&, const Tensor&, const Tensor&)>::call(
        condition, self, other);
  const auto sizes = at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  const Tensor out = make_tensor(sizes, type, device_side(condition, self, other).device());
  elementwise_where(condition, self, other, type, out);
  return out;
}

void check_mask(const Tensor& self, const Tensor& mask) {
  TORCH_CHECK(mask.scalar_type() == ScalarType::Bool,
              "masked_fill_ only supports boolean masks, but got mask with dtype ",
              mask.scalar_type());
  TORCH_CHECK(at::infer_size(self.sizes(), mask.sizes()) == self.sizes(), "The mask's shape ",
              mask.sizes(), " does not broadcast to ", self.sizes());
}
Tensor& masked_fill_number(Tensor& self, const Tensor& mask, const at::Scalar& value) {
  check_mask(self, mask);
  if (!computable(self.scalar_type()))
    return Fallback<"aten::masked_fill_.Scalar",
                    Tensor&(Tensor&, const Tensor&, const at::Scalar&)>::call(self, mask, value);
  elementwise_where(mask, value, self, self.scalar_type(), self);
  return self;
}
Tensor& masked_fill_tensor(Tensor& self, const Tensor& mask, const Tensor& value) {
  check_mask(self, mask);
  TORCH_CHECK(value.dim() == 0,
              "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
              value.dim(), " dimension(s).");
  if (!computable(self.scalar_type()))
    return Fallback<"aten::masked_fill_.Tensor",
                    Tensor&(Tensor&, const Tensor&, const Tensor&)>::call(self, mask, value);
  elementwise_where(mask, value, self, self.scalar_type(), self);
  return self;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_STRUCTURED(m, addcmul, "addcmul", "", "out", AddOfTwo<"tenon.AddCMul">);
  TENON_STRUCTURED(m, addcdiv, "addcdiv", "", "out", AddOfTwo<"tenon.AddCDiv">);
  TENON_STRUCTURED(m, lerp_Scalar, "lerp", ".Scalar", "Scalar_out", Lerp);
  TENON_STRUCTURED(m, lerp_Tensor, "lerp", ".Tensor", "Tensor_out", Lerp);
  TENON_STRUCTURED(m, clamp, "clamp", "", "out", Clamp);
  TENON_STRUCTURED(m, clamp_Tensor, "clamp", ".Tensor", "Tensor_out", ClampTensor);
  TENON_STRUCTURED(m, clamp_min, "clamp_min", "", "out", ClampMin);
  TENON_STRUCTURED(m, clamp_min_Tensor, "clamp_min", ".Tensor", "Tensor_out", ClampMin);
  TENON_STRUCTURED(m, clamp_max, "clamp_max", "", "out", ClampMax);
  TENON_STRUCTURED(m, clamp_max_Tensor, "clamp_max", ".Tensor", "Tensor_out", ClampMax);
  TENON_KERNEL(m, "where.self", where);
  TENON_KERNEL(m, "where.self_out", where_out);
  TENON_KERNEL(m, "masked_fill_.Scalar", masked_fill_number);
  TENON_KERNEL(m, "masked_fill_.Tensor", masked_fill_tensor);
}

}  // namespace
}  // namespace tenon::pytorch
