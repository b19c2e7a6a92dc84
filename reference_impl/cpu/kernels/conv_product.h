// SPDX-License-Identifier: Apache-2.0
//
// Output = filters x windowed image, for each image and group: the form that a convolution and the
// gradient of its input share.
#pragma once

#include "reference_impl/cpu/kernels/im2col.h"

namespace tenon::cpu {

// Filters of one group as a matrix: its columns are the rows of the windowed image.
struct FilterMatrix {
  const std::byte* data = nullptr;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int64_t rows = 0, row_stride = 0, channel_stride = 0;
  int64_t tap_strides[3] = {};  // From one tap of the window to the next.
};

// Where the product's columns lie in the output.
struct OutputImage {
  std::byte* data = nullptr;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int64_t row_stride = 0;
  int64_t position_strides[3] = {};
};

struct ConvProduct {
  int64_t batch = 0, groups = 0;
  // Of batch index 0 and group 0; the strides lead to the others.
  WindowedImage image;
  FilterMatrix filters;
  OutputImage output;
  int64_t image_batch_stride = 0, image_group_stride = 0;
  int64_t filter_group_stride = 0;
  int64_t output_batch_stride = 0, output_group_stride = 0;
  View bias;  // One value a row of each group; may be absent.
};

// Depends on dims and types alone.
uint64_t conv_workspace_size(const ConvProduct& product);
void run_conv(const ConvProduct& product, std::byte* workspace, const Execution& execution);

// For groups of one channel: sums the few taps directly, without packing.
void run_depthwise(const ConvProduct& product, const Execution& execution);

}  // namespace tenon::cpu
