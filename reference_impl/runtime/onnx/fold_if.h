// SPDX-License-Identifier: Apache-2.0
//
// An If whose condition is a constant: the branch that it takes, in its place.
#pragma once

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// Conditions are initializers and Constant nodes; branches of branches too. What the branch names
// gets the name of the If's first output before its own.
void fold_constant_ifs(onnx::GraphProto& graph);

}  // namespace tenon::runtime::onnx_import
