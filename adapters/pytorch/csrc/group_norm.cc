// SPDX-License-Identifier: Apache-2.0
//
// Group norm. Forward is torch's composition over batch norm; the gradient with respect to the
// input is layer norm's over each group.
#include <torch/library.h>

#include <ATen/ops/mul.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>

#include "kernel.h"

namespace tenon::pytorch {
namespace {

std::tuple<Tensor, Tensor, Tensor> group_norm_backward(const Tensor& grad, const Tensor& input,
                                                       const Tensor& mean, const Tensor& invstd,
                                                       const std::optional<Tensor>& weight,
                                                       int64_t batch, int64_t channels,
                                                       int64_t area, int64_t groups,
                                                       std::array<bool, 3> wanted) {
  const bool affine = weight && weight->defined();
  const Tensor dy = as_dense(grad).view({batch, channels, area});
  const Tensor x = as_dense(input).view({batch, channels, area});
  Tensor grad_input, grad_weight, grad_bias;
  if (wanted[0] && input.numel() > 0) {
    grad_input = make_tensor(input.sizes(), input.scalar_type(), input.device());
    const Tensor weighted = affine ? at::mul(dy, weight->view({channels, 1})) : dy;
    const std::vector<int64_t> rows{batch * groups, channels / groups * area};
    const Tensor dy_rows = weighted.view(rows), x_rows = x.view(rows),
                 dx_rows = grad_input.view(rows);
    const Tensor m = as_dense(mean).view({rows[0], 1}), s = as_dense(invstd).view({rows[0], 1});
    static const runtime::Operation op("tenon.LayerNormGrad", {{"axis", int64_t{1}}});
    OperatorCall(op, input)
        .input(dy_rows)
        .input(x_rows)
        .input(m)
        .input(s)
        .absent()
        .output(dx_rows)
        .absent_output()
        .absent_output()
        .run();
  } else if (wanted[0]) {
    grad_input = make_like(input);
  }
  if (wanted[1]) {
    const std::vector<int64_t> grouped{batch, groups, channels / groups * area};
    const Tensor normal = at::mul(at::sub(x.view(grouped), as_dense(mean).view({batch, groups, 1})),
                                  as_dense(invstd).view({batch, groups, 1}));
    grad_weight = at::sum(at::mul(dy, normal.view(dy.sizes())), {0, 2});
  }
  if (wanted[2]) grad_bias = at::sum(dy, {0, 2});
  return {grad_input, grad_weight, grad_bias};
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_KERNEL(m, "native_group_norm_backward", group_norm_backward);
}

}  // namespace
}  // namespace tenon::pytorch
