// SPDX-License-Identifier: Apache-2.0
//
// torch.nn.TransformerEncoderLayer and MultiheadAttention call these in inference, for speed on
// devices with kernels for them; here they are the ops that they stand for.
#include <torch/library.h>

#include <ATen/ops/_scaled_dot_product_attention_math.h>
#include <ATen/ops/add.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "encoder.h"

namespace tenon::pytorch {
namespace {

using MaybeTensor = const std::optional<Tensor>&;

Tensor heads(const Tensor& tensor, int64_t count) {
  return tensor.view({tensor.size(0), tensor.size(1), count, -1}).transpose(1, 2);
}

// Masks say what is left out: type 0 [L, L], 1 [batch, L] of padding, 2 both, [batch, heads, L, L].
std::optional<Tensor> kept(MaybeTensor mask, std::optional<int64_t> type) {
  if (!mask || !mask->defined()) return std::nullopt;
  Tensor shaped = *mask;
  if (type == 1) shaped = shaped.view({shaped.size(0), 1, 1, shaped.size(1)});
  return shaped.scalar_type() == ScalarType::Bool ? at::logical_not(shaped) : shaped;
}

}  // namespace

std::tuple<Tensor, Tensor> attend(const Tensor& query, const Tensor& key, const Tensor& value,
                                  int64_t width, int64_t count, const Tensor& qkv_weight,
                                  const Tensor& qkv_bias, const Tensor& out_weight,
                                  const Tensor& out_bias, MaybeTensor mask, bool need_weights,
                                  bool average, std::optional<int64_t> mask_type) {
  const auto project = [&](const Tensor& x, int64_t part) {
    return heads(at::linear(x, qkv_weight.narrow(0, part * width, width),
                            qkv_bias.narrow(0, part * width, width)),
                 count);
  };
  const Tensor q = project(query, 0), k = project(key, 1), v = project(value, 2);
  const auto keep = kept(mask, mask_type);
  Tensor mixed, weights;
  if (need_weights) {
    std::tie(mixed, weights) = at::_scaled_dot_product_attention_math(q, k, v, keep);
    if (average) weights = weights.mean(1);
  } else {
    mixed = at::scaled_dot_product_attention(q, k, v, keep);
  }
  const Tensor joined = mixed.transpose(1, 2).reshape({query.size(0), query.size(1), width});
  return {at::linear(joined, out_weight, out_bias), weights};
}

Tensor encode(const Tensor& source, int64_t width, int64_t count, const Tensor& qkv_weight,
              const Tensor& qkv_bias, const Tensor& out_weight, const Tensor& out_bias,
              bool use_gelu, bool norm_first, double eps, const Tensor& norm_weight_1,
              const Tensor& norm_bias_1, const Tensor& norm_weight_2, const Tensor& norm_bias_2,
              const Tensor& weight_1, const Tensor& bias_1, const Tensor& weight_2,
              const Tensor& bias_2, MaybeTensor mask, std::optional<int64_t> mask_type) {
  const auto norm_1 = [&](const Tensor& x) {
    return at::layer_norm(x, {width}, norm_weight_1, norm_bias_1, eps);
  };
  const auto norm_2 = [&](const Tensor& x) {
    return at::layer_norm(x, {width}, norm_weight_2, norm_bias_2, eps);
  };
  const auto attention = [&](const Tensor& x) {
    return std::get<0>(attend(x, x, x, width, count, qkv_weight, qkv_bias, out_weight, out_bias,
                              mask, false, true, mask_type));
  };
  const auto feed_forward = [&](const Tensor& x) {
    const Tensor hidden = at::linear(x, weight_1, bias_1);
    return at::linear(use_gelu ? at::gelu(hidden) : at::relu(hidden), weight_2, bias_2);
  };
  if (norm_first) {
    const Tensor x = at::add(source, attention(norm_1(source)));
    return at::add(x, feed_forward(norm_2(x)));
  }
  const Tensor x = norm_1(at::add(source, attention(source)));
  return norm_2(at::add(x, feed_forward(x)));
}

namespace {

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_native_multi_head_attention", TORCH_FN(attend));
  m.impl("_transformer_encoder_layer_fwd", TORCH_FN(encode));
}

}  // namespace
}  // namespace tenon::pytorch
