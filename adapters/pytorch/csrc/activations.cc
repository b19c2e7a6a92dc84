// SPDX-License-Identifier: Apache-2.0
//
// Activation functions and their gradients.
#include <torch/library.h>

#include <cmath>

#include <ATen/ops/add.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/elu_backward_meta.h>
#include <ATen/ops/elu_meta.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gelu_backward_meta.h>
#include <ATen/ops/gelu_meta.h>
#include <ATen/ops/hardsigmoid_backward_meta.h>
#include <ATen/ops/hardsigmoid_meta.h>
#include <ATen/ops/leaky_relu_backward_meta.h>
#include <ATen/ops/leaky_relu_meta.h>
#include <ATen/ops/mish_meta.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sigmoid_backward_meta.h>
#include <ATen/ops/silu_backward_meta.h>
#include <ATen/ops/silu_meta.h>
#include <ATen/ops/softplus_backward_meta.h>
#include <ATen/ops/softplus_meta.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tanh_backward_meta.h>
#include <ATen/ops/threshold_backward_meta.h>
#include <ATen/ops/threshold_meta.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "elementwise.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

// A gradient of (dY, X or Y).
template <FixedString Name>
struct Gradient {
  static bool fast(const Tensor& grad, const Tensor& kept, Tensor& out) {
    return c10::isFloatingType(grad.scalar_type()) &&
           fast_binary(operation<Name>(), grad, kept, out);
  }
  static void run(auto&, const Tensor& grad, const Tensor& kept, const Tensor& out) {
    elementwise(operation<Name>(), {grad, kept}, out.scalar_type(), out);
  }
};

// torch defines these for floats alone.
struct OfFloats {
  static bool serves(const Tensor& self, auto&&...) {
    return c10::isFloatingType(self.scalar_type());
  }
};
void require_float(const char* op, const Tensor& self) {
  TORCH_CHECK_NOT_IMPLEMENTED(c10::isFloatingType(self.scalar_type()), op, " is one of floats");
}

// An operator of one input without attributes.
template <FixedString Name>
struct Plain : OfFloats {
  static bool fast(const Tensor& self, Tensor& out) {
    return fast_unary(operation<Name>(), self, out);
  }
  static void run(auto&, const Tensor& self, const Tensor& out) {
    elementwise(operation<Name>(), {self}, self.scalar_type(), out);
  }
};

// The operators that know how exact a Gelu shall be.
template <FixedString Name>
const runtime::Operation& gelu_operation(std::string_view approximate) {
  static const runtime::Operation exact(Name.view(), {{"approximate", std::string("none")}});
  static const runtime::Operation tanh(Name.view(), {{"approximate", std::string("tanh")}});
  return approximate == "tanh" ? tanh : exact;
}
struct Gelu : OfFloats {
  static bool fast(const Tensor& self, std::string_view approximate, Tensor& out) {
    return fast_unary(gelu_operation<"Gelu">(approximate), self, out);
  }
  static void run(auto&, const Tensor& self, std::string_view approximate, const Tensor& out) {
    elementwise(gelu_operation<"Gelu">(approximate), {self}, self.scalar_type(), out);
  }
};
struct GeluGrad {
  static void run(auto&, const Tensor& grad, const Tensor& self, std::string_view approximate,
                  const Tensor& out) {
    elementwise(gelu_operation<"tenon.GeluGrad">(approximate), {grad, self}, out.scalar_type(),
                out);
  }
};

struct ReluGrad {
  static bool serves(const Tensor& grad, const Tensor&, const at::Scalar&) {
    return c10::isFloatingType(grad.scalar_type());
  }
  static void run(auto&, const Tensor& grad, const Tensor& self, const at::Scalar& threshold,
                  const Tensor& out) {
    elementwise(operation<"tenon.ReluGrad">(), {grad, self, threshold}, out.scalar_type(), out);
  }
};

// -- Composed of other operators --

Tensor compare(const runtime::Operation& op, const Tensor& self, const at::Scalar& bound) {
  const Tensor out = make_like(self, ScalarType::Bool);
  elementwise(op, {self, bound}, self.scalar_type(), out, ScalarType::Bool);
  return out;
}
Tensor above(const Tensor& self, const at::Scalar& bound) {
  return compare(operation<"Greater">(), self, bound);
}

struct Threshold {
  static void run(auto&, const Tensor& self, const at::Scalar& threshold, const at::Scalar& value,
                  const Tensor& out) {
    const Tensor low = compare(operation<"LessOrEqual">(), self, threshold);
    elementwise_where(low, value, self, self.scalar_type(), out);
  }
};

struct LeakyRelu : OfFloats {
  static void run(auto&, const Tensor& self, const at::Scalar& slope, const Tensor& out) {
    const runtime::Operation op("LeakyRelu", {{"alpha", slope.to<float>()}});
    elementwise(op, {self}, self.scalar_type(), out);
  }
};
struct LeakyReluGrad {
  static void run(auto&, const Tensor& grad, const Tensor& self, const at::Scalar& slope, bool,
                  const Tensor& out) {
    elementwise_where(above(self, 0), grad, at::mul(grad, slope), grad.scalar_type(), out);
  }
};

// scale * x where x > 0, else scale * alpha * (exp(input_scale * x) - 1): the operators' numbers
// are float32, which is too little for float64 unless they are 1.
struct Elu : OfFloats {
  static void run(auto&, const Tensor& self, const at::Scalar& alpha, const at::Scalar& scale,
                  const at::Scalar& input_scale, const Tensor& out) {
    const ScalarType type = self.scalar_type();
    const double a = alpha.toDouble(), s = scale.toDouble(), in = input_scale.toDouble();
    const bool narrow = type != ScalarType::Double;
    if (s == 1 && in == 1 && (narrow || a == static_cast<float>(a))) {
      const runtime::Operation op("Elu", {{"alpha", alpha.to<float>()}});
      return elementwise(op, {self}, type, out);
    }
    if (narrow && in == 1) {
      const runtime::Operation op("Selu",
                                  {{"alpha", alpha.to<float>()}, {"gamma", scale.to<float>()}});
      return elementwise(op, {self}, type, out);
    }
    if (narrow && s == 1 && a > 0 && std::abs(a * in - 1) < 1e-7) {
      const runtime::Operation op("Celu", {{"alpha", alpha.to<float>()}});
      return elementwise(op, {self}, type, out);
    }
    const Tensor bent = at::mul(self, input_scale);
    elementwise(operation<"Elu">(), {bent}, type, bent);
    elementwise_where(above(self, 0), at::mul(self, scale), at::mul(bent, a * s), type, out);
  }
};
struct EluGrad {
  static void run(auto&, const Tensor& grad, const at::Scalar& alpha, const at::Scalar& scale,
                  const at::Scalar& input_scale, bool is_result, const Tensor& kept,
                  const Tensor& out) {
    const double a = alpha.toDouble() * scale.toDouble(), in = input_scale.toDouble();
    const Tensor low = is_result ? at::mul(grad, at::add(kept, a).mul_(in))
                                 : at::mul(grad, at::exp(at::mul(kept, in)).mul_(a * in));
    elementwise_where(above(kept, 0), at::mul(grad, scale), low, grad.scalar_type(), out);
  }
};

Tensor prelu(const Tensor& self, const Tensor& weight) {
  require_float("_prelu_kernel", self);
  Tensor out;
  auto meta = at::TensorIterator::binary_op(out, self, weight);
  out = meta.output();
  elementwise(operation<"PRelu">(), {self, weight}, meta.common_dtype(), out);
  return out;
}
std::tuple<Tensor, Tensor> prelu_backward(const Tensor& grad, const Tensor& self,
                                          const Tensor& weight) {
  const Tensor positive = above(self, 0);
  const ScalarType type = grad.scalar_type();
  const Tensor of_self = make_like(self), of_weight = make_like(self);
  elementwise_where(positive, grad, at::mul(grad, weight), type, of_self);
  elementwise_where(positive, at::Scalar(0), at::mul(grad, self), type, of_weight);
  return {of_self, of_weight};
}

struct HardSigmoid : OfFloats {
  static void run(auto&, const Tensor& self, const Tensor& out) {
    static const runtime::Operation op("HardSigmoid", {{"alpha", 1.0f / 6.0f}, {"beta", 0.5f}});
    elementwise(op, {self}, self.scalar_type(), out);
  }
};
struct HardSigmoidGrad {
  static void run(auto&, const Tensor& grad, const Tensor& self, const Tensor& out) {
    const Tensor inside = make_like(self, ScalarType::Bool);
    elementwise(operation<"And">(), {above(self, -3), compare(operation<"Less">(), self, 3)},
                ScalarType::Bool, inside);
    elementwise_where(inside, at::mul(grad, 1.0 / 6.0), at::Scalar(0), grad.scalar_type(), out);
  }
};

struct Softplus : OfFloats {  // softplus(beta x) / beta, x itself where beta x > threshold
  static void run(auto&, const Tensor& self, const at::Scalar& beta, const at::Scalar& threshold,
                  const Tensor& out) {
    const Tensor scaled = at::mul(self, beta);
    const Tensor soft = make_like(self);
    elementwise(operation<"Softplus">(), {scaled}, self.scalar_type(), soft);
    elementwise_where(above(scaled, threshold), self, at::mul(soft, 1.0 / beta.toDouble()),
                      self.scalar_type(), out);
  }
};
struct SoftplusGrad {
  static void run(auto&, const Tensor& grad, const Tensor& self, const at::Scalar& beta,
                  const at::Scalar& threshold, const Tensor& out) {
    const Tensor scaled = at::mul(self, beta);
    elementwise_where(above(scaled, threshold), grad, at::mul(grad, at::sigmoid(scaled)),
                      grad.scalar_type(), out);
  }
};

Tensor tanh_of_softplus(const Tensor& self) {
  const Tensor soft = make_like(self);
  elementwise(operation<"Softplus">(), {self}, self.scalar_type(), soft);
  elementwise(operation<"Tanh">(), {soft}, self.scalar_type(), soft);
  return soft;
}
Tensor mish_backward(const Tensor& grad, const Tensor& self) {
  const Tensor t = tanh_of_softplus(self);
  const Tensor slope = at::mul(at::mul(self, at::sigmoid(self)), at::rsub(at::mul(t, t), 1));
  return at::mul(grad, at::add(t, slope));
}

// Unlike clamp's, the bounds promote nothing: integers get them cut to integers.
at::Scalar hardtanh_bound(const Tensor& self, const at::Scalar& bound) {
  const ScalarType type = self.scalar_type();
  TORCH_CHECK(type != ScalarType::Bool, "Bool inputs not supported for hardtanh");
  if (!c10::isIntegralType(type, /*includeBool=*/false)) return bound;
  const int64_t cut = bound.toLong();
  TORCH_CHECK(type != ScalarType::Byte || cut >= 0,
              "cannot do hardtanh on an unsigned type with negative limits");
  return cut;
}
Tensor hardtanh(const Tensor& self, const at::Scalar& low, const at::Scalar& high) {
  return at::clamp(self, hardtanh_bound(self, low), hardtanh_bound(self, high));
}
Tensor& hardtanh_in_place(Tensor& self, const at::Scalar& low, const at::Scalar& high) {
  return self.clamp_(hardtanh_bound(self, low), hardtanh_bound(self, high));
}
Tensor& hardtanh_out(const Tensor& self, const at::Scalar& low, const at::Scalar& high,
                     Tensor& out) {
  return at::clamp_out(out, self, hardtanh_bound(self, low), hardtanh_bound(self, high));
}
Tensor hardtanh_backward(const Tensor& grad, const Tensor& self, const at::Scalar& low,
                         const at::Scalar& high) {
  const Tensor inside = make_like(self, ScalarType::Bool);
  elementwise(operation<"And">(), {above(self, low), compare(operation<"Less">(), self, high)},
              ScalarType::Bool, inside);
  const Tensor out = make_like(grad);
  elementwise_where(inside, grad, at::Scalar(0), grad.scalar_type(), out);
  return out;
}

Tensor hardswish(const Tensor& self) {
  require_float("hardswish", self);
  const Tensor out = make_like(self);
  elementwise(operation<"HardSwish">(), {self}, self.scalar_type(), out);
  return out;
}
Tensor& hardswish_in_place(Tensor& self) {
  require_float("hardswish_", self);
  elementwise(operation<"HardSwish">(), {self}, self.scalar_type(), self);
  return self;
}
Tensor hardswish_backward(const Tensor& grad, const Tensor& self) {
  const Tensor slope = at::add(at::mul(self, 1.0 / 3.0), 0.5);
  const Tensor middle = make_like(grad), out = make_like(grad);
  elementwise_where(above(self, -3), at::mul(grad, slope), at::Scalar(0), grad.scalar_type(),
                    middle);
  elementwise_where(compare(operation<"GreaterOrEqual">(), self, 3), grad, middle,
                    grad.scalar_type(), out);
  return out;
}

// The buffer only speeds up torch's CPU kernel.
std::tuple<Tensor, Tensor> log_sigmoid(const Tensor& self) {
  require_float("log_sigmoid", self);
  const Tensor soft = make_like(self);
  elementwise(operation<"Softplus">(), {at::neg(self)}, self.scalar_type(), soft);
  return {at::neg(soft), make_empty(self)};
}
Tensor log_sigmoid_backward(const Tensor& grad, const Tensor& self, const Tensor&) {
  return at::mul(grad, at::sigmoid(at::neg(self)));
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_STRUCTURED(m, silu, "silu", "", "out", Plain<"tenon.Silu">);
  TENON_STRUCTURED(m, mish, "mish", "", "out", Plain<"Mish">);
  TENON_KERNEL(m, "mish_backward", mish_backward);
  TENON_STRUCTURED(m, gelu, "gelu", "", "out", Gelu);
  TENON_STRUCTURED(m, threshold, "threshold", "", "out", Threshold);
  TENON_STRUCTURED(m, leaky_relu, "leaky_relu", "", "out", LeakyRelu);
  TENON_STRUCTURED(m, elu, "elu", "", "out", Elu);
  TENON_STRUCTURED(m, hardsigmoid, "hardsigmoid", "", "out", HardSigmoid);
  TENON_FUNCTIONAL(m, softplus, "softplus", Softplus);
  TENON_OUT(m, softplus, "softplus.out", Softplus);
#define TENON_GRADIENT(name, ...)                \
  TENON_FUNCTIONAL(m, name, #name, __VA_ARGS__); \
  TENON_OUT(m, name, #name ".grad_input", __VA_ARGS__)
  TENON_GRADIENT(tanh_backward, Gradient<"tenon.TanhGrad">);
  TENON_GRADIENT(sigmoid_backward, Gradient<"tenon.SigmoidGrad">);
  TENON_GRADIENT(silu_backward, Gradient<"tenon.SiluGrad">);
  TENON_GRADIENT(gelu_backward, GeluGrad);
  TENON_GRADIENT(threshold_backward, ReluGrad);
  TENON_GRADIENT(leaky_relu_backward, LeakyReluGrad);
  TENON_GRADIENT(elu_backward, EluGrad);
  TENON_GRADIENT(hardsigmoid_backward, HardSigmoidGrad);
  TENON_GRADIENT(softplus_backward, SoftplusGrad);
#undef TENON_GRADIENT
  TENON_KERNEL(m, "_prelu_kernel", prelu);
  TENON_KERNEL(m, "_prelu_kernel_backward", prelu_backward);
  TENON_KERNEL(m, "hardtanh", hardtanh);
  TENON_KERNEL(m, "hardtanh_", hardtanh_in_place);
  TENON_KERNEL(m, "hardtanh.out", hardtanh_out);
  TENON_KERNEL(m, "hardtanh_backward", hardtanh_backward);
  TENON_KERNEL(m, "hardswish", hardswish);
  TENON_KERNEL(m, "hardswish_", hardswish_in_place);
  TENON_KERNEL(m, "hardswish_backward", hardswish_backward);
  TENON_KERNEL(m, "log_sigmoid_forward", log_sigmoid);
  TENON_KERNEL(m, "log_sigmoid_backward", log_sigmoid_backward);
}

}  // namespace
}  // namespace tenon::pytorch
