// SPDX-License-Identifier: Apache-2.0
//
// Conv -> BatchNormalization with constant parameters is a Conv with other weights.
#pragma once

#include "runtime/onnx/graph.h"

namespace tenon::runtime::onnx_import {

// Folds where weights, bias and statistics are float32 constants and nothing else reads the Conv's
// result. Weights are scaled in float64 and rounded once. Returns how many nodes went away.
size_t fold_batch_norm(Graph& graph);

}  // namespace tenon::runtime::onnx_import
