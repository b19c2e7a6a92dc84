// SPDX-License-Identifier: Apache-2.0
//
// Output = filters x windowed image, for each image and group: the form that a convolution and the
// gradient of its input share.
#pragma once

#include "reference_impl/cpu/kernels/gemm_block.h"
#include "reference_impl/cpu/kernels/im2col.h"

namespace tenon::cpu {

// Filters of one group as a matrix: its columns are the rows of the windowed image.
struct FilterMatrix {
  const std::byte* data = nullptr;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int64_t rows = 0, row_stride = 0, channel_stride = 0;
  int64_t tap_strides[3] = {};  // From one tap of the window to the next.
  bool packed = false;          // As kLayoutPackedFilters: the strides mean nothing.
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
  // Null: none. Its rows are those of all groups, its columns positions.
  const gemm::Epilogue<float>* epilogue = nullptr;
};

// Whether run_conv() takes an epilogue; it takes a bias in any case.
bool takes_epilogue(const ConvProduct& product);

// Depends on dims and types alone.
uint64_t conv_workspace_size(const ConvProduct& product);
void run_conv(const ConvProduct& product, std::byte* workspace, const Execution& execution);

// For groups of one channel: sums the few taps directly, without packing.
void run_depthwise(const ConvProduct& product, const Execution& execution);
// The same for float32 planes; false: not for these.
bool run_depthwise_bands(const ConvProduct& product, const Execution& execution);
// Whether that takes neighbours in a channels-last image together.
inline bool runs_along_groups(const ConvProduct& product) {
  return product.groups > 1 && product.image_group_stride == 1;
}

}  // namespace tenon::cpu
