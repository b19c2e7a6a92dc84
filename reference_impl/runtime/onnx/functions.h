// SPDX-License-Identifier: Apache-2.0
//
// Brings a model's nodes to operators that the registry has: to newer versions of the operator, and
// to the bodies by which ONNX defines some.
#pragma once

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// Converts the model to the registry's opset where some node needs that. Throws Error.
void lift(onnx::ModelProto& model);

// Inlines what ONNX defines as a function and the registry lacks. Throws Error.
void inline_functions(onnx::ModelProto& model);

}  // namespace tenon::runtime::onnx_import
