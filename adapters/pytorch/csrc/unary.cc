// SPDX-License-Identifier: Apache-2.0
//
// Elementwise ops of one tensor.
#include <torch/library.h>

#include <cmath>

#include <ATen/ops/acos_meta.h>
#include <ATen/ops/acosh_meta.h>
#include <ATen/ops/asin_meta.h>
#include <ATen/ops/asinh_meta.h>
#include <ATen/ops/atan_meta.h>
#include <ATen/ops/atanh_meta.h>
#include <ATen/ops/bitwise_not_meta.h>
#include <ATen/ops/ceil_meta.h>
#include <ATen/ops/cos_meta.h>
#include <ATen/ops/cosh_meta.h>
#include <ATen/ops/erf_meta.h>
#include <ATen/ops/erfc_meta.h>
#include <ATen/ops/exp2_meta.h>
#include <ATen/ops/exp_meta.h>
#include <ATen/ops/floor_meta.h>
#include <ATen/ops/isneginf_meta.h>
#include <ATen/ops/isposinf_meta.h>
#include <ATen/ops/log10_meta.h>
#include <ATen/ops/log2_meta.h>
#include <ATen/ops/log_meta.h>
#include <ATen/ops/neg_meta.h>
#include <ATen/ops/reciprocal_meta.h>
#include <ATen/ops/round_meta.h>
#include <ATen/ops/rsqrt_meta.h>
#include <ATen/ops/sgn_meta.h>
#include <ATen/ops/sigmoid_meta.h>
#include <ATen/ops/sign_meta.h>
#include <ATen/ops/sin_meta.h>
#include <ATen/ops/sinh_meta.h>
#include <ATen/ops/sqrt_meta.h>
#include <ATen/ops/tan_meta.h>
#include <ATen/ops/tanh_meta.h>
#include <ATen/ops/trunc_meta.h>

#include "elementwise.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

// Defined for floats; other types are computed as the default float type.
template <FixedString Name>
struct FloatUnary {
  static bool fast(const Tensor& self, Tensor& out) {
    return fast_unary(operation<Name>(), self, out);
  }
  static void run(auto&, const Tensor& self, const Tensor& out) {
    elementwise(operation<Name>(), {self}, float_type(self.scalar_type()), out);
  }
};

// Defined for all numbers, in their own type.
template <FixedString Name>
struct NumericUnary {
  static bool fast(const Tensor& self, Tensor& out) {
    return fast_unary(operation<Name>(), self, out);
  }
  static bool serves(const Tensor& self) { return self.scalar_type() != ScalarType::Bool; }
  static void run(auto&, const Tensor& self, const Tensor& out) {
    elementwise(operation<Name>(), {self}, self.scalar_type(), out);
  }
};

// torch says that the sign of NaN is 0; Tenon's operator keeps it NaN.
struct Sign {
  static bool serves(const Tensor& self) { return self.scalar_type() != ScalarType::Bool; }
  static void run(auto&, const Tensor& self, const Tensor& out) {
    const ScalarType type = self.scalar_type();
    if (!c10::isFloatingType(type)) return elementwise(operation<"Sign">(), {self}, type, out);
    const Tensor nan = make_like(self, ScalarType::Bool), sign = make_like(self);
    elementwise(operation<"IsNaN">(), {self}, type, nan, ScalarType::Bool);
    elementwise(operation<"Sign">(), {self}, type, sign);
    elementwise_where(nan, at::Scalar(0), sign, type, out);
  }
};

// Integers are their own floor, ceiling, ...; bools have none.
struct OfNumbers {
  static bool serves(const Tensor& self) { return self.scalar_type() != ScalarType::Bool; }
};
template <FixedString Name>
struct Rounding : OfNumbers {
  static bool fast(const Tensor& self, Tensor& out) {
    return fast_unary(operation<Name>(), self, out);
  }
  static void run(auto&, const Tensor& self, const Tensor& out) {
    if (c10::isFloatingType(self.scalar_type()))
      elementwise(operation<Name>(), {self}, self.scalar_type(), out);
    else
      assign(out, self);
  }
};

struct Trunc : OfNumbers {
  static void run(auto&, const Tensor& self, const Tensor& out) {
    const ScalarType type = self.scalar_type();
    if (!c10::isFloatingType(type)) return assign(out, self);
    const Tensor up = make_like(self);
    const Tensor down = make_like(self);
    const Tensor negative = make_like(self, ScalarType::Bool);
    elementwise(operation<"Ceil">(), {self}, type, up);
    elementwise(operation<"Floor">(), {self}, type, down);
    elementwise(operation<"Less">(), {self, at::Scalar(0)}, type, negative, ScalarType::Bool);
    elementwise_where(negative, up, down, type, out);
  }
};

// round(x * 10^decimals) / 10^decimals, by the power that is exact.
struct RoundDecimals {
  static bool serves(const Tensor& self, int64_t) {
    return c10::isFloatingType(self.scalar_type());
  }
  static void run(auto&, const Tensor& self, int64_t decimals, const Tensor& out) {
    const ScalarType type = self.scalar_type();
    const at::Scalar power = std::pow(10.0, std::abs(static_cast<double>(decimals)));
    const auto& up = operation<"Mul">();
    const auto& down = operation<"Div">();
    const Tensor scaled = make_like(self);
    elementwise(decimals < 0 ? down : up, {self, power}, type, scaled);
    elementwise(operation<"Round">(), {scaled}, type, scaled);
    elementwise(decimals < 0 ? up : down, {scaled, power}, type, out);
  }
};

struct BitwiseNot {
  static void run(auto&, const Tensor& self, const Tensor& out) {
    const ScalarType type = self.scalar_type();
    elementwise(type == ScalarType::Bool ? operation<"Not">() : operation<"BitwiseNot">(), {self},
                type, out);
  }
};

// log(x) / log(base).
template <int kBase>
struct LogBase {
  static void run(auto&, const Tensor& self, const Tensor& out) {
    const ScalarType type = float_type(self.scalar_type());
    const Tensor natural = make_like(self, type);
    elementwise(operation<"Log">(), {self}, type, natural);
    elementwise(operation<"Mul">(), {natural, at::Scalar(1 / std::log(double{kBase}))}, type, out);
  }
};

struct Exp2 {
  static void run(auto&, const Tensor& self, const Tensor& out) {
    elementwise(operation<"Pow">(), {at::Scalar(2.0), self}, float_type(self.scalar_type()), out);
  }
};

template <bool kPositive>
struct IsInfinite {
  static void run(auto&, const Tensor& self, const Tensor& out) {
    if (!c10::isFloatingType(self.scalar_type())) return fill_with(out, false);
    static const runtime::Operation op("IsInf", {{"detect_negative", int64_t{!kPositive}},
                                                 {"detect_positive", int64_t{kPositive}}});
    elementwise(op, {self}, self.scalar_type(), out, ScalarType::Bool);
  }
};

// -- Ops without a meta function --

template <FixedString Name>
Tensor same_type(const Tensor& self) {
  Tensor out;
  if (fast_unary(operation<Name>(), self, out)) return out;
  out = make_like(self);
  elementwise(operation<Name>(), {self}, self.scalar_type(), out);
  return out;
}
template <FixedString Name>
Tensor& same_type_(Tensor& self) {
  elementwise(operation<Name>(), {self}, self.scalar_type(), self);
  return self;
}

Tensor relu_of(const Tensor& self) {
  TORCH_CHECK(self.scalar_type() != ScalarType::Bool, "Boolean inputs not supported for relu");
  return same_type<"Relu">(self);
}
Tensor& relu_in_place(Tensor& self) {
  TORCH_CHECK(self.scalar_type() != ScalarType::Bool, "Boolean inputs not supported for relu");
  return same_type_<"Relu">(self);
}

bool has_abs(const Tensor& self) {
  return computable(self.scalar_type()) && self.scalar_type() != ScalarType::Bool;
}
Tensor& absolute_out(const Tensor& self, Tensor& out) {
  if (!has_abs(self) || self.scalar_type() != out.scalar_type())
    return Fallback<"aten::abs.out", Tensor&(const Tensor&, Tensor&)>::call(self, out);
  at::native::resize_output(out, self.sizes());
  elementwise(operation<"Abs">(), {self}, self.scalar_type(), out);
  return out;
}
Tensor& inverted_out(const Tensor& self, Tensor& out) {
  if (!computable(self.scalar_type()))
    return Fallback<"aten::logical_not.out", Tensor&(const Tensor&, Tensor&)>::call(self, out);
  at::native::resize_output(out, self.sizes());
  elementwise(operation<"Not">(), {self}, ScalarType::Bool, out);
  return out;
}
Tensor is_nan(const Tensor& self) {
  if (!computable(self.scalar_type()))
    return Fallback<"aten::isnan", Tensor(const Tensor&)>::call(self);
  Tensor out = make_like(self, ScalarType::Bool);
  if (c10::isFloatingType(self.scalar_type()))
    elementwise(operation<"IsNaN">(), {self}, self.scalar_type(), out, ScalarType::Bool);
  else
    fill_with(out, false);
  return out;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
#define TENON_UNARY(name, ...) TENON_STRUCTURED(m, name, #name, "", "out", __VA_ARGS__)
  TENON_UNARY(sqrt, FloatUnary<"Sqrt">);
  TENON_UNARY(rsqrt, FloatUnary<"tenon.Rsqrt">);
  TENON_UNARY(reciprocal, FloatUnary<"Reciprocal">);
  TENON_UNARY(exp, FloatUnary<"Exp">);
  TENON_UNARY(exp2, Exp2);
  TENON_UNARY(log, FloatUnary<"Log">);
  TENON_UNARY(log2, LogBase<2>);
  TENON_UNARY(log10, LogBase<10>);
  TENON_UNARY(sin, FloatUnary<"Sin">);
  TENON_UNARY(cos, FloatUnary<"Cos">);
  TENON_UNARY(tan, FloatUnary<"Tan">);
  TENON_UNARY(asin, FloatUnary<"Asin">);
  TENON_UNARY(acos, FloatUnary<"Acos">);
  TENON_UNARY(atan, FloatUnary<"Atan">);
  TENON_UNARY(sinh, FloatUnary<"Sinh">);
  TENON_UNARY(cosh, FloatUnary<"Cosh">);
  TENON_UNARY(tanh, FloatUnary<"Tanh">);
  TENON_UNARY(asinh, FloatUnary<"Asinh">);
  TENON_UNARY(acosh, FloatUnary<"Acosh">);
  TENON_UNARY(atanh, FloatUnary<"Atanh">);
  TENON_UNARY(sigmoid, FloatUnary<"Sigmoid">);
  TENON_UNARY(erf, FloatUnary<"Erf">);
  TENON_UNARY(erfc, FloatUnary<"tenon.Erfc">);
  TENON_UNARY(neg, NumericUnary<"Neg">);
  TENON_UNARY(sign, Sign);
  TENON_UNARY(sgn, Sign);
  TENON_UNARY(ceil, Rounding<"Ceil">);
  TENON_UNARY(floor, Rounding<"Floor">);
  TENON_UNARY(round, Rounding<"Round">);
  TENON_UNARY(trunc, Trunc);
  TENON_STRUCTURED(m, round_decimals, "round", ".decimals", "decimals_out", RoundDecimals);
  TENON_UNARY(bitwise_not, BitwiseNot);
#undef TENON_UNARY
  TENON_FUNCTIONAL(m, isposinf, "isposinf", IsInfinite<true>);
  TENON_OUT(m, isposinf, "isposinf.out", IsInfinite<true>);
  TENON_FUNCTIONAL(m, isneginf, "isneginf", IsInfinite<false>);
  TENON_OUT(m, isneginf, "isneginf.out", IsInfinite<false>);
  TENON_KERNEL(m, "relu", relu_of);
  TENON_KERNEL(m, "relu_", relu_in_place);
  TENON_KERNEL(m, "abs.out", absolute_out);
  TENON_KERNEL(m, "logical_not.out", inverted_out);
  TENON_KERNEL(m, "isnan", is_nan);
}

}  // namespace
}  // namespace tenon::pytorch
