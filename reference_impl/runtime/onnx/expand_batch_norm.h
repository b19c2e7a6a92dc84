// SPDX-License-Identifier: Apache-2.0
//
// BatchNormalization in training mode, as the operators by which its text defines it.
#pragma once

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// Replaces those of opset 14 and newer; older ones are left to the checks that follow. For a model
// that the checker has passed.
void expand_training_batch_norm(onnx::ModelProto& model);

}  // namespace tenon::runtime::onnx_import
