// SPDX-License-Identifier: Apache-2.0
//
// Losses and their gradients. Those that are arithmetic are composed of other ops.
#include <torch/library.h>

#include <ATen/ExpandUtils.h>
#include <ATen/core/Reduction.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/div.h>
#include <ATen/ops/log.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mse_loss_meta.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/nll_loss_backward_meta.h>
#include <ATen/ops/nll_loss_forward_meta.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/smooth_l1_loss_meta.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>

#include "elementwise.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

using MaybeTensor = const std::optional<Tensor>&;

const runtime::Operation nll_operation(const char* name, int64_t reduction, int64_t ignored) {
  const char* word = reduction == at::Reduction::None   ? "none"
                     : reduction == at::Reduction::Mean ? "mean"
                                                        : "sum";
  return runtime::Operation(name, {{"reduction", std::string(word)}, {"ignore_index", ignored}});
}

// torch allows a single sample without a batch dim.
Tensor with_batch(const Tensor& tensor, int64_t dims) {
  return tensor.dim() < dims ? tensor.unsqueeze(0) : tensor;
}
Tensor target_of(const Tensor& self, const Tensor& target) {
  const Tensor typed =
      target.scalar_type() == ScalarType::Long || target.scalar_type() == ScalarType::Int
          ? target
          : as_type(target, ScalarType::Long);
  return self.dim() == 1 ? typed.reshape({1}) : typed;
}

void nll(const Tensor& self, const Tensor& target, MaybeTensor weight, int64_t reduction,
         int64_t ignored, const Tensor& out, const Tensor& total) {
  const Tensor x = with_batch(self, 2), t = target_of(self, target);
  const runtime::Operation op = nll_operation("tenon.NllLoss", reduction, ignored);
  const Tensor y = reduction == at::Reduction::None && out.dim() == 0 ? out.view({1}) : out;
  OperatorCall(op, out).input(x).input(t).input(weight).output(y).output(total).run();
}
void nll_backward(const Tensor& grad, const Tensor& self, const Tensor& target, MaybeTensor weight,
                  int64_t reduction, int64_t ignored, const Tensor& total, const Tensor& out) {
  if (out.numel() == 0) return;
  const Tensor x = with_batch(self, 2), t = target_of(self, target), dx = with_batch(out, 2);
  const Tensor dy = reduction == at::Reduction::None && grad.dim() == 0 ? grad.reshape({1}) : grad;
  const runtime::Operation op = nll_operation("tenon.NllLossGrad", reduction, ignored);
  OperatorCall(op, out).input(dy).input(x).input(t).input(weight).input(total).output(dx).run();
}

struct NllLoss {
  static void run(auto&, const Tensor& self, const Tensor& target, MaybeTensor weight,
                  int64_t reduction, int64_t ignored, const Tensor& out, const Tensor& total) {
    nll(self, target, weight, reduction, ignored, out, total);
  }
};
struct NllLossGrad {
  static void run(auto&, const Tensor& grad, const Tensor& self, const Tensor& target,
                  MaybeTensor weight, int64_t reduction, int64_t ignored, const Tensor& total,
                  const Tensor& out) {
    nll_backward(grad, self, target, weight, reduction, ignored, total, out);
  }
};

std::tuple<Tensor, Tensor> nll2d(const Tensor& self, const Tensor& target, MaybeTensor weight,
                                 int64_t reduction, int64_t ignored) {
  TORCH_CHECK(self.dim() == 4 && target.dim() == 3,
              "nll_loss2d expects [N, C, H, W] and [N, H, W], got ", self.sizes(), " and ",
              target.sizes());
  const bool none = reduction == at::Reduction::None;
  const Tensor out =
      make_tensor(none ? target.sizes() : at::IntArrayRef{}, self.scalar_type(), self.device());
  const Tensor total = make_tensor({}, self.scalar_type(), self.device());
  nll(self, target, weight, reduction, ignored, out, total);
  return {out, total};
}
Tensor nll2d_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                      MaybeTensor weight, int64_t reduction, int64_t ignored, const Tensor& total) {
  const Tensor out = make_like(self);
  nll_backward(grad, self, target, weight, reduction, ignored, total, out);
  return out;
}

Tensor reduced(const Tensor& loss, int64_t reduction) {
  if (reduction == at::Reduction::Mean) return at::mean(loss);
  return reduction == at::Reduction::Sum ? at::sum(loss) : loss;
}
double share(const Tensor& self, int64_t reduction) {
  return reduction == at::Reduction::Mean ? 1.0 / static_cast<double>(self.numel()) : 1.0;
}

// torch defines these for floats alone.
struct OfFloats {
  static bool serves(const Tensor& self, auto&&...) {
    return c10::isFloatingType(self.scalar_type());
  }
};

struct MseLoss : OfFloats {
  static void run(auto& meta, const Tensor& self, const Tensor& target, int64_t reduction,
                  const Tensor& out) {
    const bool none = reduction == at::Reduction::None;
    const auto sizes = at::infer_size(self.sizes(), target.sizes());
    const ScalarType type = meta.common_dtype();
    const Tensor square =
        none && out.scalar_type() == type ? out : make_tensor(sizes, type, out.device());
    elementwise(operation<"tenon.SquaredDifference">(), {self, target}, type, square);
    if (!square.is_same(out)) assign(out, reduced(square, reduction));
  }
};
Tensor mse_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                    int64_t reduction) {
  return at::mul(at::mul(at::sub(self, target), 2 * share(self, reduction)), grad);
}

// 0.5 d^2 / beta where |d| < beta, else |d| - beta / 2.
Tensor smooth(const Tensor& self, const Tensor& target, double beta) {
  Tensor distance = at::abs(at::sub(self, target));
  if (beta == 0) return distance;
  return at::where(at::lt(distance, beta), at::mul(at::mul(distance, distance), 0.5 / beta),
                   at::sub(distance, 0.5 * beta));
}
struct SmoothL1 : OfFloats {
  static void run(auto&, const Tensor& self, const Tensor& target, int64_t reduction, double beta,
                  const Tensor& out) {
    assign(out, reduced(smooth(self, target, beta), reduction));
  }
};
Tensor& smooth_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                        int64_t reduction, double beta, Tensor& out) {
  const Tensor difference = at::sub(self, target);
  const Tensor slope =
      beta == 0 ? at::sign(difference) : at::clamp(at::mul(difference, 1 / beta), -1, 1);
  const Tensor result = at::mul(at::mul(slope, share(self, reduction)), grad);
  at::native::resize_output(out, result.sizes());
  assign(out, result);
  return out;
}
Tensor huber(const Tensor& self, const Tensor& target, int64_t reduction, double delta) {
  TORCH_CHECK_NOT_IMPLEMENTED(c10::isFloatingType(self.scalar_type()),
                              "huber_loss is one of floats");
  return reduced(at::mul(smooth(self, target, delta), delta), reduction);
}
Tensor& huber_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                       int64_t reduction, double delta, Tensor& out) {
  const Tensor slope = at::clamp(at::sub(self, target), -delta, delta);
  const Tensor result = at::mul(at::mul(slope, share(self, reduction)), grad);
  at::native::resize_output(out, result.sizes());
  assign(out, result);
  return out;
}

// Logarithms are cut at -100, as torch's are.
Tensor cross_entropy(const Tensor& self, const Tensor& target, MaybeTensor weight,
                     int64_t reduction) {
  const Tensor hit = at::clamp(at::log(self), -100);
  const Tensor miss = at::clamp(at::log(at::rsub(self, 1)), -100);
  Tensor loss = at::sub(at::mul(at::sub(target, 1), miss), at::mul(target, hit));
  if (weight && weight->defined()) loss = at::mul(loss, *weight);
  return reduced(loss, reduction);
}
Tensor cross_entropy_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                              MaybeTensor weight, int64_t reduction) {
  const Tensor spread = at::clamp(at::mul(at::rsub(self, 1), self), 1e-12);
  Tensor out = at::mul(at::div(at::sub(self, target), spread), share(self, reduction));
  if (weight && weight->defined()) out = at::mul(out, *weight);
  return at::mul(out, grad);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_FUNCTIONAL2(m, nll_loss_forward, "nll_loss_forward", NllLoss);
  TENON_OUT2(m, nll_loss_forward, "nll_loss_forward.output", NllLoss);
  TENON_FUNCTIONAL(m, nll_loss_backward, "nll_loss_backward", NllLossGrad);
  TENON_OUT(m, nll_loss_backward, "nll_loss_backward.grad_input", NllLossGrad);
  TENON_KERNEL(m, "nll_loss2d_forward", nll2d);
  TENON_KERNEL(m, "nll_loss2d_backward", nll2d_backward);
  TENON_FUNCTIONAL(m, mse_loss, "mse_loss", MseLoss);
  TENON_OUT(m, mse_loss, "mse_loss.out", MseLoss);
  TENON_KERNEL(m, "mse_loss_backward", mse_backward);
  TENON_FUNCTIONAL(m, smooth_l1_loss, "smooth_l1_loss", SmoothL1);
  TENON_OUT(m, smooth_l1_loss, "smooth_l1_loss.out", SmoothL1);
  TENON_KERNEL(m, "smooth_l1_loss_backward.grad_input", smooth_backward);
  TENON_KERNEL(m, "huber_loss", huber);
  TENON_KERNEL(m, "huber_loss_backward.out", huber_backward);
  TENON_KERNEL(m, "binary_cross_entropy", cross_entropy);
  TENON_KERNEL(m, "binary_cross_entropy_backward", cross_entropy_backward);
}

}  // namespace
}  // namespace tenon::pytorch
