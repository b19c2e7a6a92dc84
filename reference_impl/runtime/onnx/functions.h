// SPDX-License-Identifier: Apache-2.0
//
// Brings a model's nodes to operators that the registry has: to newer versions of the operator, and
// to the bodies by which ONNX defines some.
#pragma once

#include <vector>

#include "onnx/onnx_pb.h"
#include "runtime/onnx/subgraphs.h"

namespace tenon::runtime::onnx_import {

// Before ONNX's checker sees the model: inlines what it would refuse although it can be run. Those
// are the model's own functions that import another opset than the model, and GroupNormalization of
// opsets 18 to 20, which has been deprecated since. Throws Error.
void inline_what_the_checker_refuses(onnx::ModelProto& model);

// Converts the model to the registry's opset where some node needs that, and inlines what ONNX
// defines as a function and the registry lacks. The graphs inside nodes, those of such functions
// too, are taken out. Throws Error.
void lift_and_inline(onnx::ModelProto& model, std::vector<TakenBody>& bodies);

}  // namespace tenon::runtime::onnx_import
