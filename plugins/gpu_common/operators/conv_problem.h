// SPDX-License-Identifier: Apache-2.0
//
// Convolutions and their gradients as products (kernels/gemm.cl): operands are images or filters,
// seen as matrices through windows.
#pragma once

#include "plugins/gpu_common/operators/gemm.h"
#include "tenon/device/operators/conv_window.h"

namespace tenon::gpu {

using device::WindowAxis;

// Y[filter, (image, position)] = filters[filter, (channel, tap)] @ X[(channel, tap), (image,
// position)] for each group: the form that a convolution and the gradient of its input share.
// Strides are in elements; data are those of the first group.
struct ConvProduct {
  int64_t images = 0, groups = 0, channels = 0, filters = 0;  // The latter two of one group.
  int64_t element_size = 0;
  WindowAxis axes[3];
  const std::byte* image = nullptr;
  int64_t image_stride = 0, channel_stride = 0, image_group_stride = 0;
  const std::byte* weights = nullptr;
  int64_t filter_stride = 0, filter_channel_stride = 0, filter_group_stride = 0;
  int64_t tap_strides[3] = {};
  std::byte* output = nullptr;
  int64_t output_image_stride = 0, output_filter_stride = 0, output_group_stride = 0;
  int64_t position_strides[3] = {};
  const std::byte* bias = nullptr;
  int64_t bias_stride = 0;

  // With groups, channels and filters given: what is read through windows, and what is written,
  // save their spatial axes.
  void set_image(const View& view);
  void set_output(const View& view);

  // `block_columns`: see Gemm. Throws TN_UNSUPPORTED where a number exceeds 31 bits.
  GemmProblem problem(std::string_view op, int64_t block_columns) const;
};

// dW[filter, (channel, tap)] = dY[filter, (image, position)] @ X[(image, position), (channel, tap)]
// for each group.
GemmProblem grad_weight_problem(std::string_view op, const device::ConvWindow& attributes,
                                const View& dy, const View& x, const View& dw);

}  // namespace tenon::gpu
