// SPDX-License-Identifier: Apache-2.0
//
// Matrix products: all are tenon.ScaledGemm for floats, MatMul for integers.
#include <torch/library.h>

#include <ATen/ops/add.h>
#include <ATen/ops/addmm_meta.h>
#include <ATen/ops/addmv_meta.h>
#include <ATen/ops/baddbmm_meta.h>
#include <ATen/ops/bmm_meta.h>
#include <ATen/ops/mm_meta.h>
#include <ATen/ops/mul.h>

#include "contractions.h"
#include "structured.h"

namespace tenon::pytorch {

void gemm(const Tensor& a, const Tensor& b, const Tensor* c, double alpha, double beta,
          const Tensor& out) {
  if (out.numel() == 0) return;
  OperatorCall call(operation<"tenon.ScaledGemm">(), out);
  call.input(a).input(b);
  c&& beta != 0 ? call.input(*c) : call.absent();
  call.float32(alpha).float32(c && beta != 0 ? beta : 0).output(out).run();
}

namespace {

bool is_float(const Tensor& tensor) { return c10::isFloatingType(tensor.scalar_type()); }

void product(const Tensor& a, const Tensor& b, const Tensor& out) {
  if (out.numel() == 0) return;
  if (a.numel() == 0) return fill_with(out, 0);
  if (is_float(a))
    gemm(a, b, nullptr, 1, 0, out);
  else
    OperatorCall(operation<"MatMul">(), out).input(a).input(b).output(out).run();
}

// torch cuts the factors of integers to integers.
at::Scalar factor_of(const Tensor& out, const at::Scalar& factor) {
  return is_float(out) ? factor : at::Scalar(factor.toLong());
}

void product_plus(const Tensor& c, const Tensor& a, const Tensor& b, const at::Scalar& beta,
                  const at::Scalar& alpha, const Tensor& out) {
  if (out.numel() == 0) return;
  if (is_float(a) && a.numel() > 0) {
    gemm(a, b, &c, alpha.toDouble(), beta.toDouble(), out);
    return;
  }
  const at::Scalar scale = factor_of(out, alpha), share = factor_of(out, beta);
  const Tensor ab = make_tensor(out.sizes(), out.scalar_type(), out.device());
  product(a, b, ab);
  const bool ignored = share.toDouble() == 0;
  const Tensor sum = ignored ? at::mul(ab, scale) : at::add(at::mul(ab, scale), at::mul(c, share));
  assign(out, sum);
}

struct Product {
  static bool serves(const Tensor& a, const Tensor&) { return a.scalar_type() != ScalarType::Bool; }
  static void run(auto&, const Tensor& a, const Tensor& b, const Tensor& out) {
    product(a, b, out);
  }
};
struct ProductPlus {
  static bool serves(const Tensor& c, const Tensor&, const Tensor&, const at::Scalar&,
                     const at::Scalar&) {
    return c.scalar_type() != ScalarType::Bool;
  }
  static void run(auto&, const Tensor& c, const Tensor& a, const Tensor& b, const at::Scalar& beta,
                  const at::Scalar& alpha, const Tensor& out) {
    product_plus(c, a, b, beta, alpha, out);
  }
};
struct VectorPlus {
  static void run(auto&, const Tensor& c, const Tensor& a, const Tensor& v, const at::Scalar& beta,
                  const at::Scalar& alpha, const Tensor& out) {
    product_plus(c.dim() == 0 ? c : c.unsqueeze(-1), a, v.unsqueeze(-1), beta, alpha,
                 out.unsqueeze(-1));
  }
};

Tensor dot(const Tensor& a, const Tensor& b) {
  TORCH_CHECK(a.dim() == 1 && b.dim() == 1, "1D tensors expected, but got ", a.dim(), "D and ",
              b.dim(), "D tensors");
  TORCH_CHECK(a.scalar_type() == b.scalar_type(),
              "dot : expected both vectors to have same dtype, "
              "but found ",
              a.scalar_type(), " and ", b.scalar_type());
  TORCH_CHECK(a.numel() == b.numel(), "inconsistent tensor size, expected tensor ", a.sizes(),
              " and src ", b.sizes(), " to have the same number of elements");
  if (!computable(a.scalar_type()) || a.scalar_type() == ScalarType::Bool)
    return Fallback<"aten::dot", Tensor(const Tensor&, const Tensor&)>::call(a, b);
  const Tensor out = make_tensor({1, 1}, a.scalar_type(), a.device());
  product(a.unsqueeze(0), b.unsqueeze(1), out);
  return out.view(at::IntArrayRef{});
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_FUNCTIONAL(m, mm, "mm", Product);
  TENON_OUT(m, mm, "mm.out", Product);
  TENON_FUNCTIONAL(m, bmm, "bmm", Product);
  TENON_OUT(m, bmm, "bmm.out", Product);
  TENON_STRUCTURED(m, addmm, "addmm", "", "out", ProductPlus);
  TENON_STRUCTURED(m, baddbmm, "baddbmm", "", "out", ProductPlus);
  TENON_STRUCTURED(m, addmv, "addmv", "", "out", VectorPlus);
  TENON_KERNEL(m, "dot", dot);
}

}  // namespace
}  // namespace tenon::pytorch
