// SPDX-License-Identifier: Apache-2.0
//
// Nodes of old versions that ONNX's own conversion does not bring to new ones, or not rightly.
#pragma once

#include <string>

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// The domain of nodes that are of the newest version of ONNX's operator, whatever the model's opset
// is. No model has it.
inline constexpr const char* kNewestDomain = "tenon.newest";

//   Upsample (1, 7, 9), Resize (10)   -> Resize, asymmetric
//   GridSample (16)                   -> the names of modes of 20
//   RoiAlign (10)                     -> output_half_pixel
//   LpPool (1), GlobalLpPool (1)      -> p as a whole number
//   InstanceNormalization (1)         -> without consumed_inputs
void bring_to_newest(onnx::ModelProto& model);

}  // namespace tenon::runtime::onnx_import
