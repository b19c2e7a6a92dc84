// SPDX-License-Identifier: Apache-2.0
//
// Fused optimizer steps: one launch a parameter, hyperparameters as launch values.
#include <torch/library.h>

#include <ATen/ops/cat.h>

#include "call.h"

namespace tenon::pytorch {
namespace {

using MaybeTensor = const std::optional<Tensor>&;

// Gradient scaling asks to skip the step when a gradient is not finite; the answer decides what is
// launched, so that it has to be waited for.
bool skipped(MaybeTensor found_inf) {
  return found_inf && found_inf->defined() && found_inf->item().toDouble() != 0;
}
double inverse_scale(MaybeTensor grad_scale) {
  return grad_scale && grad_scale->defined() ? 1 / grad_scale->item().toDouble() : 1;
}
void unscale(const Tensor& grad, double factor) {
  if (factor == 1) return;
  OperatorCall(operation<"Mul">(), grad)
      .input(grad)
      .scalar(factor, grad.scalar_type())
      .output(grad)
      .run();
}

// torch has counted the step already. Its counts live on the device, yet are launch values here:
// they are gathered into one tensor, so that there is one wait a step and not one a parameter.
std::vector<double> read_steps(at::TensorList steps) {
  std::vector<Tensor> rows;
  for (const Tensor& step : steps) rows.push_back(step.reshape({1}));
  const Tensor all = at::cat(rows).to(at::TensorOptions().device(at::kCPU).dtype(at::kDouble));
  const auto* values = static_cast<const double*>(all.const_data_ptr());
  return {values, values + all.numel()};
}

void adam(bool decoupled, at::TensorList params, at::TensorList grads, at::TensorList averages,
          at::TensorList squares, at::TensorList max_squares, at::TensorList steps, double lr,
          double beta1, double beta2, double weight_decay, double eps, bool amsgrad, bool maximize,
          MaybeTensor grad_scale, MaybeTensor found_inf) {
  if (params.empty() || skipped(found_inf)) return;
  const double factor = inverse_scale(grad_scale);
  const runtime::Operation op("tenon.AdamW",
                              {{"decoupled", int64_t{decoupled}}, {"maximize", int64_t{maximize}}});
  const std::vector<double> counts = read_steps(steps);
  for (size_t i = 0; i < params.size(); ++i) {
    if (params[i].numel() == 0) continue;
    unscale(grads[i], factor);
    OperatorCall call(op, params[i]);
    call.input(params[i]).input(grads[i]).input(averages[i]).input(squares[i]);
    amsgrad ? call.input(max_squares[i]) : call.absent();
    call.float64(lr).float64(beta1).float64(beta2).float64(weight_decay).float64(eps);
    call.float64(counts[i]);
    call.output(params[i]).output(averages[i]).output(squares[i]);
    amsgrad ? call.output(max_squares[i]) : call.absent_output();
    call.run();
  }
}

template <bool kDecoupled>
void fused_adam(at::TensorList params, at::TensorList grads, at::TensorList averages,
                at::TensorList squares, at::TensorList max_squares, at::TensorList steps, double lr,
                double beta1, double beta2, double weight_decay, double eps, bool amsgrad,
                bool maximize, MaybeTensor grad_scale, MaybeTensor found_inf) {
  adam(kDecoupled, params, grads, averages, squares, max_squares, steps, lr, beta1, beta2,
       weight_decay, eps, amsgrad, maximize, grad_scale, found_inf);
}
template <bool kDecoupled>
void fused_adam_tensor(at::TensorList params, at::TensorList grads, at::TensorList averages,
                       at::TensorList squares, at::TensorList max_squares, at::TensorList steps,
                       const Tensor& lr, double beta1, double beta2, double weight_decay,
                       double eps, bool amsgrad, bool maximize, MaybeTensor grad_scale,
                       MaybeTensor found_inf) {
  adam(kDecoupled, params, grads, averages, squares, max_squares, steps, lr.item().toDouble(),
       beta1, beta2, weight_decay, eps, amsgrad, maximize, grad_scale, found_inf);
}

void fused_sgd(at::TensorList params, at::TensorList grads, at::TensorList buffers,
               double weight_decay, double momentum, double lr, double dampening, bool nesterov,
               bool maximize, bool first, MaybeTensor grad_scale, MaybeTensor found_inf) {
  if (skipped(found_inf)) return;
  const double factor = inverse_scale(grad_scale);
  const runtime::Operation op("tenon.SgdMomentum", {{"nesterov", int64_t{nesterov}},
                                                    {"maximize", int64_t{maximize}},
                                                    {"first", int64_t{first}}});
  for (size_t i = 0; i < params.size(); ++i) {
    if (params[i].numel() == 0) continue;
    unscale(grads[i], factor);
    const bool buffered = !buffers.empty() && buffers[i].defined();
    OperatorCall call(op, params[i]);
    call.input(params[i]).input(grads[i]);
    buffered ? call.input(buffers[i]) : call.absent();
    call.float64(lr).float64(momentum).float64(dampening).float64(weight_decay);
    call.output(params[i]);
    buffered ? call.output(buffers[i]) : call.absent_output();
    call.run();
  }
}
void fused_sgd_tensor(at::TensorList params, at::TensorList grads, at::TensorList buffers,
                      double weight_decay, double momentum, const Tensor& lr, double dampening,
                      bool nesterov, bool maximize, bool first, MaybeTensor grad_scale,
                      MaybeTensor found_inf) {
  fused_sgd(params, grads, buffers, weight_decay, momentum, lr.item().toDouble(), dampening,
            nesterov, maximize, first, grad_scale, found_inf);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_fused_adamw_", TORCH_FN(fused_adam<true>));
  m.impl("_fused_adamw_.tensor_lr", TORCH_FN(fused_adam_tensor<true>));
  m.impl("_fused_adam_", TORCH_FN(fused_adam<false>));
  m.impl("_fused_adam_.tensor_lr", TORCH_FN(fused_adam_tensor<false>));
  m.impl("_fused_sgd_", TORCH_FN(fused_sgd));
  m.impl("_fused_sgd_.tensor_lr", TORCH_FN(fused_sgd_tensor));
}

}  // namespace
}  // namespace tenon::pytorch
