// SPDX-License-Identifier: Apache-2.0
//
// x / 2 * (1 + Erf(x / sqrt(2))), written with five operators, becomes Gelu, which it defines.
#pragma once

#include "runtime/onnx/recording.h"

namespace tenon::runtime::onnx_import {

// In whatever order it is written, for float32 and float64, where the device has a kernel of its
// own.
void fuse_gelu(ManagedDevice& device, Recording& recording);

}  // namespace tenon::runtime::onnx_import
