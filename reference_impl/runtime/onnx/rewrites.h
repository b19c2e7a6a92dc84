// SPDX-License-Identifier: Apache-2.0
//
// Nodes that are replaced by others before a graph is built, because a simpler form says the same.
#pragma once

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// The value of a Constant, under the name of its output. Throws Error where it is no tensor.
onnx::TensorProto constant_value(const onnx::NodeProto& node);

// Whether rewrite() takes this node away.
bool is_rewritten(const onnx::NodeProto& node);

//   Constant           -> initializer
//   Dropout            -> Identity, and a mask of true where it is read (inference, or a
//                         ratio of 0)
//   Sum                -> a chain of Add
// Throws Error for a Dropout that drops, or may.
void rewrite(onnx::ModelProto& model);

}  // namespace tenon::runtime::onnx_import
