// SPDX-License-Identifier: Apache-2.0
//
// The graphs inside nodes, taken out of them: each becomes a model of its own, which is brought to
// the registry's operators as the one around it is. Its node stays behind as a call.
#pragma once

#include <vector>

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// The domain of calls. Their op_type is If, Loop or Scan; their inputs are those of the node and
// behind them, once each, the values that its bodies read outside.
constexpr const char* kCallDomain = "tenon.call";

struct TakenBody {
  onnx::ModelProto model;  // Inputs: the formal ones, then the captured ones.
  int formal = 0;
  std::vector<int> captured;  // Places in the call's inputs.
};

// What a call's attributes say.
struct CallInfo {
  int first_body = 0;  // In the list of bodies.
  int bodies = 0;
  int own_inputs = 0;
  int opset = 0;
};

bool is_call(const onnx::NodeProto& node);
CallInfo call_info(const onnx::NodeProto& node);

// Takes out the bodies of all nodes that have some. An If whose condition is a constant gives way
// to the branch that it takes. Throws Error for operators that have graphs and are not known.
void take_bodies(onnx::ModelProto& model, std::vector<TakenBody>& bodies);

}  // namespace tenon::runtime::onnx_import
