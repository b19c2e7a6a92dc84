// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators that follow a product become part of it: tenon.FusedConv,
// tenon.FusedMatMul.
#pragma once

#include "runtime/onnx/recording.h"

namespace tenon::runtime::onnx_import {

// As far as the device has kernels of its own for the result. Values of the recording keep their
// numbers; some are no longer computed.
void fuse(ManagedDevice& device, Recording& recording);

}  // namespace tenon::runtime::onnx_import
