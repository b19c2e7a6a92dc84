// SPDX-License-Identifier: Apache-2.0
//
// Nodes that are replaced by others before a graph is built, because a simpler form says the same.
#pragma once

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// Whether rewrite() takes this node away.
bool is_rewritten(const onnx::NodeProto& node);

//   Constant           -> initializer
//   Dropout            -> Identity, and a mask of true where it is read (inference, or a
//                         ratio of 0)
//   Sum                -> a chain of Add
// Throws Error for a Dropout that drops, or may.
void rewrite(onnx::ModelProto& model);

}  // namespace tenon::runtime::onnx_import
