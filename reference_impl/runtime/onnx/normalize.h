// SPDX-License-Identifier: Apache-2.0
//
// Models that exporters write and that mean what they say, in the form that ONNX's own checker and
// inliner want.
#pragma once

#include <set>
#include <string>

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

//   nodes in any order          -> each behind those that it reads
//   constants that are not read -> gone (strings among them have no place on a device)
//   sparse constants            -> dense ones
//   initializers                -> with a type among the graph's values, which the inliner reads;
//                                  those named in `given` become plain inputs
//   IR versions before 4        -> 4, where initializers need not be inputs
// Throws Error where nodes form a cycle, or sparse values are not what they must be.
void normalize(onnx::ModelProto& model, const std::set<std::string>& given);

// Initializers' types among the graph's values, where they are not yet: conversions lose them.
void declare_initializers(onnx::GraphProto& graph);

}  // namespace tenon::runtime::onnx_import
