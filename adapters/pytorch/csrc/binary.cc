// SPDX-License-Identifier: Apache-2.0
//
// Elementwise ops of two tensors: arithmetic, comparisons, logic.
#include <torch/library.h>

#include <ATen/ops/add_meta.h>
#include <ATen/ops/atan2_meta.h>
#include <ATen/ops/bitwise_and_meta.h>
#include <ATen/ops/bitwise_left_shift_meta.h>
#include <ATen/ops/bitwise_or_meta.h>
#include <ATen/ops/bitwise_right_shift_meta.h>
#include <ATen/ops/bitwise_xor_meta.h>
#include <ATen/ops/div_meta.h>
#include <ATen/ops/eq_meta.h>
#include <ATen/ops/fmod_meta.h>
#include <ATen/ops/ge_meta.h>
#include <ATen/ops/gt_meta.h>
#include <ATen/ops/le_meta.h>
#include <ATen/ops/lt_meta.h>
#include <ATen/ops/maximum_meta.h>
#include <ATen/ops/minimum_meta.h>
#include <ATen/ops/mul_meta.h>
#include <ATen/ops/ne_meta.h>
#include <ATen/ops/pow_meta.h>
#include <ATen/ops/remainder_meta.h>
#include <ATen/ops/result_type_native.h>
#include <ATen/ops/sub_meta.h>
#include <ATen/ops/trunc.h>

#include "elementwise.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

// Numbers by one operator, bools by another.
template <FixedString Name, FixedString BoolName>
struct Arithmetic {
  static bool fast(const Tensor& self, const Tensor& other, Tensor& out) {
    return fast_binary(operation<Name>(), self, other, out);
  }
  static void run(auto& meta, const Tensor& self, const Tensor& other, const Tensor& out) {
    const ScalarType type = meta.common_dtype();
    elementwise(type == ScalarType::Bool ? operation<BoolName>() : operation<Name>(), {self, other},
                type, out);
  }
};
using Multiply = Arithmetic<"Mul", "And">;
using Maximum = Arithmetic<"Max", "Or">;
using Minimum = Arithmetic<"Min", "And">;

inline bool is_one(const at::Scalar& value) {
  return value.isFloatingPoint() ? value.toDouble() == 1
                                 : value.isIntegral(true) && value.toLong() == 1;
}

struct Add {
  static bool fast(const Tensor& self, const Tensor& other, const at::Scalar& alpha, Tensor& out) {
    return is_one(alpha) && fast_binary(operation<"Add">(), self, other, out);
  }
  static void run(auto& meta, const Tensor& self, const Tensor& other, const at::Scalar& alpha,
                  const Tensor& out) {
    const ScalarType type = meta.common_dtype();
    if (type == ScalarType::Bool)
      elementwise(operation<"Or">(), {self, other}, type, out);
    else if (is_one(alpha))
      elementwise(operation<"Add">(), {self, other}, type, out);
    else
      elementwise(operation<"tenon.AddScaled">(), {self, other, alpha}, type, out);
  }
};

struct Subtract {
  static bool fast(const Tensor& self, const Tensor& other, const at::Scalar& alpha, Tensor& out) {
    return is_one(alpha) && fast_binary(operation<"Sub">(), self, other, out);
  }
  static void run(auto& meta, const Tensor& self, const Tensor& other, const at::Scalar& alpha,
                  const Tensor& out) {
    const ScalarType type = meta.common_dtype();
    if (is_one(alpha))
      elementwise(operation<"Sub">(), {self, other}, type, out);
    else
      elementwise(operation<"tenon.AddScaled">(), {self, other, -alpha}, type, out);
  }
};

struct Divide {
  static bool fast(const Tensor& self, const Tensor& other, Tensor& out) {
    return c10::isFloatingType(self.scalar_type()) &&
           fast_binary(operation<"Div">(), self, other, out);
  }
  static void run(auto& meta, const Tensor& self, const Tensor& other, const Tensor& out) {
    elementwise(operation<"Div">(), {self, other}, meta.common_dtype(), out);
  }
};

struct DivideRounded {
  static bool serves(const Tensor& self, const Tensor& other,
                     std::optional<std::string_view> rounding) {
    return !rounding || self.scalar_type() != ScalarType::Bool ||
           other.scalar_type() != ScalarType::Bool;
  }
  static void run(auto& meta, const Tensor& self, const Tensor& other,
                  std::optional<std::string_view> rounding, const Tensor& out) {
    const ScalarType type = meta.common_dtype();
    if (rounding && *rounding == "floor") {
      elementwise(operation<"tenon.FloorDiv">(), {self, other}, type, out);
    } else if (rounding && c10::isFloatingType(type)) {
      const Tensor quotient = make_like(out, type);
      elementwise(operation<"Div">(), {self, other}, type, quotient);
      assign(out, at::trunc(quotient));
    } else {
      elementwise(operation<"Div">(), {self, other}, type, out);
    }
  }
};

// The same operator with an attribute, or for float results only.
template <int kFmod>
struct Remainder {
  static void run(auto& meta, const Tensor& self, const Tensor& other, const Tensor& out) {
    static const runtime::Operation op("Mod", {{"fmod", int64_t{kFmod}}});
    elementwise(op, {self, other}, meta.common_dtype(), out);
  }
};

struct Atan2 {
  static void run(auto& meta, const Tensor& self, const Tensor& other, const Tensor& out) {
    elementwise(operation<"tenon.Atan2">(), {self, other}, meta.common_dtype(), out);
  }
};

// Integers by one operator, bools by another; torch's meta function refuses floats.
template <FixedString Name, FixedString BoolName>
struct Bitwise {
  static void run(auto& meta, const Tensor& self, const Tensor& other, const Tensor& out) {
    const ScalarType type = meta.common_dtype();
    elementwise(type == ScalarType::Bool ? operation<BoolName>() : operation<Name>(), {self, other},
                type, out);
  }
};

template <bool kRight>
const runtime::Operation& shift_operation() {
  static const runtime::Operation operation(
      "BitShift", {{"direction", std::string(kRight ? "RIGHT" : "LEFT")}});
  return operation;
}
template <bool kRight>
struct Shift {
  static bool serves(const Tensor& self, const Tensor& other) {
    return c10::isIntegralType(self.scalar_type(), false) &&
           c10::isIntegralType(other.scalar_type(), false);
  }
  static void run(auto& meta, const Tensor& self, const Tensor& other, const Tensor& out) {
    elementwise(shift_operation<kRight>(), {self, other}, meta.common_dtype(), out);
  }
};

// Bools are compared as bytes.
inline ScalarType compared_as(ScalarType type) {
  return type == ScalarType::Bool ? ScalarType::Byte : type;
}

template <FixedString Name>
struct Compare {
  static bool fast(const Tensor& self, const Tensor& other, Tensor& out) {
    return fast_binary(operation<Name>(), self, other, out, /*to_bool=*/true);
  }
  static void run(auto& meta, const Tensor& self, const Tensor& other, const Tensor& out) {
    elementwise(operation<Name>(), {self, other}, compared_as(meta.common_dtype()), out,
                ScalarType::Bool);
  }
  static void run(auto& meta, const Tensor& self, const at::Scalar& other, const Tensor& out) {
    elementwise(operation<Name>(), {self, other}, compared_as(meta.common_dtype()), out,
                ScalarType::Bool);
  }
};

// -- Powers --

struct PowTensor {
  static bool serves(const Tensor& self, const Tensor& exponent) {
    return self.scalar_type() != ScalarType::Bool || exponent.scalar_type() != ScalarType::Bool;
  }
  static void run(auto& meta, const Tensor& self, const Tensor& exponent, const Tensor& out) {
    elementwise(operation<"Pow">(), {self, exponent}, meta.common_dtype(), out);
  }
};

struct PowNumber {
  static bool serves(const Tensor& self, const at::Scalar&) {
    return self.scalar_type() != ScalarType::Bool;
  }
  static void run(auto&, const Tensor& self, const at::Scalar& exponent, const Tensor& out) {
    const ScalarType type = at::native::result_type(self, exponent);
    const double power = exponent.toDouble();
    const bool is_float = c10::isFloatingType(type);
    if (power == 1)
      assign(out, self);
    else if (power == 2)
      elementwise(operation<"Mul">(), {self, self}, type, out);
    else if (power == 0.5 && is_float)
      elementwise(operation<"Sqrt">(), {self}, type, out);
    else if (power == -0.5 && is_float)
      elementwise(operation<"tenon.Rsqrt">(), {self}, type, out);
    else if (power == -1 && is_float)
      elementwise(operation<"Reciprocal">(), {self}, type, out);
    else
      elementwise(operation<"Pow">(), {self, exponent}, type, out);
  }
};

struct PowOfNumber {
  static void run(auto&, const at::Scalar& base, const Tensor& exponent, const Tensor& out) {
    elementwise(operation<"Pow">(), {base, exponent}, at::native::result_type(base, exponent), out);
  }
};

// -- Ops without a meta function --

template <FixedString Name, FixedString FallbackName>
Tensor& logical_out(const Tensor& self, const Tensor& other, Tensor& out) {
  if (!computable(self.scalar_type()) || !computable(other.scalar_type()))
    return Fallback<FallbackName, Tensor&(const Tensor&, const Tensor&, Tensor&)>::call(self, other,
                                                                                        out);
  auto meta = at::TensorIterator::comparison_op(out, self, other);
  elementwise(operation<Name>(), {self, other}, ScalarType::Bool, out);
  return out;
}

// Python's << and >>, which also multiply floats by powers of two: that is left to the fallback.
template <bool kRight, FixedString FallbackName>
Tensor operator_shift(const Tensor& self, const Tensor& other) {
  if (!Shift<kRight>::serves(self, other))
    return Fallback<FallbackName, Tensor(const Tensor&, const Tensor&)>::call(self, other);
  Tensor out;
  auto meta = at::TensorIterator::binary_op(out, self, other);
  out = meta.output();
  Shift<kRight>::run(meta, self, other, out);
  return out;
}
template <bool kRight, FixedString FallbackName>
Tensor& operator_shift_(Tensor& self, const Tensor& other) {
  if (!Shift<kRight>::serves(self, other))
    return Fallback<FallbackName, Tensor&(Tensor&, const Tensor&)>::call(self, other);
  auto meta = at::TensorIterator::binary_op(self, self, other);
  Shift<kRight>::run(meta, self, other, self);
  return self;
}
bool shifts_by(const Tensor& self, const at::Scalar& other) {
  return c10::isIntegralType(self.scalar_type(), false) && other.isIntegral(false);
}
template <bool kRight, FixedString FallbackName>
Tensor operator_shift_by(const Tensor& self, const at::Scalar& other) {
  if (!shifts_by(self, other))
    return Fallback<FallbackName, Tensor(const Tensor&, const at::Scalar&)>::call(self, other);
  const Tensor out = make_like(self);
  elementwise(shift_operation<kRight>(), {self, other}, self.scalar_type(), out);
  return out;
}
template <bool kRight, FixedString FallbackName>
Tensor& operator_shift_by_(Tensor& self, const at::Scalar& other) {
  if (!shifts_by(self, other))
    return Fallback<FallbackName, Tensor&(Tensor&, const at::Scalar&)>::call(self, other);
  elementwise(shift_operation<kRight>(), {self, other}, self.scalar_type(), self);
  return self;
}

Tensor& floor_divided_out(const Tensor& self, const Tensor& other, Tensor& out) {
  auto meta = at::TensorIterator::binary_op(out, self, other);
  elementwise(operation<"tenon.FloorDiv">(), {self, other}, meta.common_dtype(), out);
  return out;
}
Tensor floor_divided(const Tensor& self, const Tensor& other) {
  Tensor out;
  auto meta = at::TensorIterator::binary_op(out, self, other);
  out = meta.output();
  elementwise(operation<"tenon.FloorDiv">(), {self, other}, meta.common_dtype(), out);
  return out;
}
Tensor& floor_divided_(Tensor& self, const Tensor& other) {
  return floor_divided_out(self, other, self);
}
Tensor reversed_sub(const Tensor& self, const Tensor& other, const at::Scalar& alpha) {
  return Structured<at::meta::structured_sub_Tensor, Subtract>::functional<"aten::sub.Tensor">(
      other, self, alpha);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_STRUCTURED(m, add_Tensor, "add", ".Tensor", "out", Add);
  TENON_STRUCTURED(m, sub_Tensor, "sub", ".Tensor", "out", Subtract);
  TENON_STRUCTURED(m, mul_Tensor, "mul", ".Tensor", "out", Multiply);
  TENON_STRUCTURED(m, div_Tensor, "div", ".Tensor", "out", Divide);
  TENON_STRUCTURED(m, div_Tensor_mode, "div", ".Tensor_mode", "out_mode", DivideRounded);
  TENON_STRUCTURED(m, remainder_Tensor, "remainder", ".Tensor", "Tensor_out", Remainder<0>);
  TENON_STRUCTURED(m, fmod_Tensor, "fmod", ".Tensor", "Tensor_out", Remainder<1>);
  TENON_STRUCTURED(m, atan2, "atan2", "", "out", Atan2);
  TENON_FUNCTIONAL(m, maximum, "maximum", Maximum);
  TENON_OUT(m, maximum, "maximum.out", Maximum);
  TENON_FUNCTIONAL(m, minimum, "minimum", Minimum);
  TENON_OUT(m, minimum, "minimum.out", Minimum);
  TENON_FUNCTIONAL(m, pow_Tensor_Tensor, "pow.Tensor_Tensor", PowTensor);
  TENON_OUT(m, pow_Tensor_Tensor, "pow.Tensor_Tensor_out", PowTensor);
  TENON_IN_PLACE(m, pow_Tensor_Tensor, "pow_.Tensor", PowTensor);
  TENON_FUNCTIONAL(m, pow_Tensor_Scalar, "pow.Tensor_Scalar", PowNumber);
  TENON_OUT(m, pow_Tensor_Scalar, "pow.Tensor_Scalar_out", PowNumber);
  TENON_IN_PLACE(m, pow_Tensor_Scalar, "pow_.Scalar", PowNumber);
  TENON_FUNCTIONAL(m, pow_Scalar, "pow.Scalar", PowOfNumber);
  TENON_OUT(m, pow_Scalar, "pow.Scalar_out", PowOfNumber);

#define TENON_COMPARE(name, ...)                                                            \
  TENON_STRUCTURED(m, name##_Tensor, #name, ".Tensor", "Tensor_out", Compare<__VA_ARGS__>); \
  TENON_STRUCTURED(m, name##_Scalar, #name, ".Scalar", "Scalar_out", Compare<__VA_ARGS__>)
  TENON_COMPARE(eq, "Equal");
  TENON_COMPARE(ne, "tenon.NotEqual");
  TENON_COMPARE(lt, "Less");
  TENON_COMPARE(le, "LessOrEqual");
  TENON_COMPARE(gt, "Greater");
  TENON_COMPARE(ge, "GreaterOrEqual");
#undef TENON_COMPARE

  TENON_STRUCTURED(m, bitwise_and_Tensor, "bitwise_and", ".Tensor", "Tensor_out",
                   Bitwise<"BitwiseAnd", "And">);
  TENON_STRUCTURED(m, bitwise_or_Tensor, "bitwise_or", ".Tensor", "Tensor_out",
                   Bitwise<"BitwiseOr", "Or">);
  TENON_STRUCTURED(m, bitwise_xor_Tensor, "bitwise_xor", ".Tensor", "Tensor_out",
                   Bitwise<"BitwiseXor", "Xor">);
  TENON_STRUCTURED(m, bitwise_left_shift_Tensor, "bitwise_left_shift", ".Tensor", "Tensor_out",
                   Shift<false>);
  TENON_STRUCTURED(m, bitwise_right_shift_Tensor, "bitwise_right_shift", ".Tensor", "Tensor_out",
                   Shift<true>);
  TENON_KERNEL(m, "__lshift__.Tensor", operator_shift<false, "aten::__lshift__.Tensor">);
  TENON_KERNEL(m, "__rshift__.Tensor", operator_shift<true, "aten::__rshift__.Tensor">);
  TENON_KERNEL(m, "__lshift__.Scalar", operator_shift_by<false, "aten::__lshift__.Scalar">);
  TENON_KERNEL(m, "__rshift__.Scalar", operator_shift_by<true, "aten::__rshift__.Scalar">);
  TENON_KERNEL(m, "__ilshift__.Tensor", operator_shift_<false, "aten::__ilshift__.Tensor">);
  TENON_KERNEL(m, "__irshift__.Tensor", operator_shift_<true, "aten::__irshift__.Tensor">);
  TENON_KERNEL(m, "__ilshift__.Scalar", operator_shift_by_<false, "aten::__ilshift__.Scalar">);
  TENON_KERNEL(m, "__irshift__.Scalar", operator_shift_by_<true, "aten::__irshift__.Scalar">);
  TENON_KERNEL(m, "logical_and.out", logical_out<"And", "aten::logical_and.out">);
  TENON_KERNEL(m, "logical_or.out", logical_out<"Or", "aten::logical_or.out">);
  TENON_KERNEL(m, "logical_xor.out", logical_out<"Xor", "aten::logical_xor.out">);
  TENON_KERNEL(m, "floor_divide", floor_divided);
  TENON_KERNEL(m, "floor_divide_.Tensor", floor_divided_);
  TENON_KERNEL(m, "floor_divide.out", floor_divided_out);
  TENON_KERNEL(m, "rsub.Tensor", reversed_sub);
}

}  // namespace
}  // namespace tenon::pytorch
