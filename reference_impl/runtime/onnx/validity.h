// SPDX-License-Identifier: Apache-2.0
//
// What ONNX's own checker lets pass although it says nothing that can be run.
#pragma once

#include "onnx/onnx_pb.h"

namespace tenon::runtime::onnx_import {

// Throws Error (TN_INVALID_ARGUMENT, TN_UNSUPPORTED) for
//   opsets of ONNX's own domain that ONNX does not have (yet), and a domain imported twice
//   inputs with dims below 0
//   functions that call themselves, or that call others so often that nobody could hold the nodes
void check_validity(const onnx::ModelProto& model);

}  // namespace tenon::runtime::onnx_import
