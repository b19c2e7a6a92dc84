// SPDX-License-Identifier: Apache-2.0
//
// torch's fused layers of transformers in inference, on dense tensors.
#pragma once

#include "tensors.h"

namespace tenon::pytorch {

std::tuple<Tensor, Tensor> attend(const Tensor& query, const Tensor& key, const Tensor& value,
                                  int64_t width, int64_t count, const Tensor& qkv_weight,
                                  const Tensor& qkv_bias, const Tensor& out_weight,
                                  const Tensor& out_bias, const std::optional<Tensor>& mask,
                                  bool need_weights, bool average,
                                  std::optional<int64_t> mask_type);

Tensor encode(const Tensor& source, int64_t width, int64_t count, const Tensor& qkv_weight,
              const Tensor& qkv_bias, const Tensor& out_weight, const Tensor& out_bias,
              bool use_gelu, bool norm_first, double eps, const Tensor& norm_weight_1,
              const Tensor& norm_bias_1, const Tensor& norm_weight_2, const Tensor& norm_bias_2,
              const Tensor& weight_1, const Tensor& bias_1, const Tensor& weight_2,
              const Tensor& bias_2, const std::optional<Tensor>& mask,
              std::optional<int64_t> mask_type);

}  // namespace tenon::pytorch
