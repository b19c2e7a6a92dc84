// SPDX-License-Identifier: Apache-2.0
//
// The operators of spec/ops/vision.yaml.
#include "reference_impl/cpu/kernels/vision.h"

#include "reference_impl/cpu/kernels/contraction.h"
#include "reference_impl/cpu/kernels/families.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

std::span<const OperatorEntry> vision_operators() {
  constexpr uint64_t kFloat32 = dtype_bit(TN_FLOAT32);
  static constexpr OperatorEntry kOperators[] = {
      {op::kResize, kMovedTypes, create_resize},
      {op::kTenonResizeGrad, kFloatTypes, create_resize_grad},
      {op::kConvTranspose, kFloatTypes, create_conv_transpose},
      {op::kInstanceNormalization, kFloatTypes, create_instance_norm},
      {op::kLRN, kFloatTypes, create_local_response},
      {op::kLpPool, kFloatTypes, create_lp_pool},
      {op::kGlobalLpPool, kFloatTypes, create_global_lp_pool},
      {op::kMaxUnpool, kFloatTypes, create_max_unpool},
      {op::kDepthToSpace, kMovedTypes, create_depth_to_space},
      {op::kSpaceToDepth, kMovedTypes, create_space_to_depth},
      {op::kGridSample, kNumericTypes, create_grid_sample},
      {op::kRoiAlign, kFloatTypes, create_roi_align},
      {op::kMaxRoiPool, kFloatTypes, create_max_roi_pool},
      {op::kNonMaxSuppression, kFloat32, create_non_max_suppression},
      {op::kCol2Im, kNumericTypes, create_col2im},
      {op::kDeformConv, kFloatTypes, create_deform_conv},
  };
  return kOperators;
}

}  // namespace tenon::cpu
