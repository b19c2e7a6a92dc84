// SPDX-License-Identifier: Apache-2.0
//
// Cells of LSTM and GRU. torch asks every accelerator for the fused ones; these are compositions,
// and keep in the workspace what their gradients need.
#include <torch/library.h>

#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sigmoid_backward.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tanh_backward.h>
#include <ATen/ops/zeros_like.h>

#include "tensors.h"

namespace tenon::pytorch {
namespace {

using MaybeTensor = const std::optional<Tensor>&;
using Triple = std::tuple<Tensor, Tensor, Tensor>;

Tensor plus(const Tensor& gates, MaybeTensor bias) {
  return bias && bias->defined() ? at::add(gates, *bias) : gates;
}
Tensor bias_gradient(const Tensor& gates, bool wanted) {
  return wanted ? at::sum(gates, {0}) : Tensor();
}

// -- LSTM: the workspace is the four activated gates --

Triple lstm(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& cell,
            MaybeTensor input_bias, MaybeTensor hidden_bias) {
  const Tensor gates = at::add(plus(input_gates, input_bias), plus(hidden_gates, hidden_bias));
  const auto parts = gates.chunk(4, 1);
  const Tensor i = at::sigmoid(parts[0]), f = at::sigmoid(parts[1]), g = at::tanh(parts[2]),
               o = at::sigmoid(parts[3]);
  const Tensor next = at::add(at::mul(f, cell), at::mul(i, g));
  return {at::mul(o, at::tanh(next)), next, at::cat({i, f, g, o}, 1)};
}

Triple lstm_backward(MaybeTensor grad_hidden, MaybeTensor grad_cell, const Tensor& cell,
                     const Tensor& next, const Tensor& workspace, bool has_bias) {
  if (!(grad_hidden && grad_hidden->defined()) && !(grad_cell && grad_cell->defined())) return {};
  const auto parts = workspace.chunk(4, 1);
  const Tensor &i = parts[0], &f = parts[1], &g = parts[2], &o = parts[3];
  Tensor through = grad_cell && grad_cell->defined() ? *grad_cell : at::zeros_like(cell);
  Tensor grad_o = at::zeros_like(cell);
  if (grad_hidden && grad_hidden->defined()) {
    const Tensor squashed = at::tanh(next);
    grad_o = at::mul(*grad_hidden, squashed);
    through = at::add(through, at::tanh_backward(at::mul(*grad_hidden, o), squashed));
  }
  const Tensor gates =
      at::cat({at::sigmoid_backward(at::mul(through, g), i),
               at::sigmoid_backward(at::mul(through, cell), f),
               at::tanh_backward(at::mul(through, i), g), at::sigmoid_backward(grad_o, o)},
              1);
  return {gates, at::mul(through, f), bias_gradient(gates, has_bias)};
}

// -- GRU: the workspace is reset, update and new gate, the hidden state, and the hidden part of new
// --

std::tuple<Tensor, Tensor> gru(const Tensor& input_gates, const Tensor& hidden_gates,
                               const Tensor& hidden, MaybeTensor input_bias,
                               MaybeTensor hidden_bias) {
  const auto in = plus(input_gates, input_bias).chunk(3, 1);
  const auto rec = plus(hidden_gates, hidden_bias).chunk(3, 1);
  const Tensor reset = at::sigmoid(at::add(in[0], rec[0]));
  const Tensor update = at::sigmoid(at::add(in[1], rec[1]));
  const Tensor fresh = at::tanh(at::add(in[2], at::mul(reset, rec[2])));
  const Tensor next = at::add(fresh, at::mul(update, at::sub(hidden, fresh)));
  return {next, at::cat({reset, update, fresh, hidden, rec[2]}, 1)};
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> gru_backward(const Tensor& grad,
                                                                const Tensor& workspace,
                                                                bool has_bias) {
  const auto parts = workspace.chunk(5, 1);
  const Tensor &reset = parts[0], &update = parts[1], &fresh = parts[2], &hidden = parts[3],
               &rec = parts[4];
  const Tensor grad_update = at::sigmoid_backward(at::mul(grad, at::sub(hidden, fresh)), update);
  const Tensor grad_fresh = at::tanh_backward(at::mul(grad, at::rsub(update, 1)), fresh);
  const Tensor grad_reset = at::sigmoid_backward(at::mul(grad_fresh, rec), reset);
  const Tensor in = at::cat({grad_reset, grad_update, grad_fresh}, 1);
  const Tensor out = at::cat({grad_reset, grad_update, at::mul(grad_fresh, reset)}, 1);
  return {in, out, at::mul(grad, update), bias_gradient(in, has_bias),
          bias_gradient(out, has_bias)};
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_thnn_fused_lstm_cell", TORCH_FN(lstm));
  m.impl("_thnn_fused_lstm_cell_backward_impl", TORCH_FN(lstm_backward));
  m.impl("_thnn_fused_gru_cell", TORCH_FN(gru));
  m.impl("_thnn_fused_gru_cell_backward", TORCH_FN(gru_backward));
}

}  // namespace
}  // namespace tenon::pytorch
