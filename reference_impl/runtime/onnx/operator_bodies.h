// SPDX-License-Identifier: Apache-2.0
//
// Operators that the contract does not have, as others that it has: a table a file.
#pragma once

#include <span>

#include "onnx/onnx_pb.h"
#include "runtime/onnx/body_writer.h"

namespace tenon::runtime::onnx_import {

struct OperatorBody {
  const char* domain;
  const char* op;
  int opset;  // Of the operators that it is written with, at least.
  void (*write)(BodyWriter&);
};

std::span<const OperatorBody> tensor_bodies();     // ONNX's own.
std::span<const OperatorBody> random_bodies();     // Of random numbers.
std::span<const OperatorBody> signal_bodies();     // Of sounds and spectra.
std::span<const OperatorBody> microsoft_bodies();  // com.microsoft: activations, products, norms.
std::span<const OperatorBody>
microsoft_attention_bodies();               // com.microsoft: attention and what is near.
std::span<const OperatorBody> ml_bodies();  // ai.onnx.ml.

// Whether there is one, and the model's opset is too old for it.
bool has_body(const onnx::NodeProto& node);
bool needs_newer_opset_for_body(const onnx::NodeProto& node, int opset);

// ONNX Runtime's own operators in ONNX's domain, which ONNX's checker does not know, go to
// com.microsoft.
void move_foreign_operators(onnx::ModelProto& model);

// Writes out what the model's opset is new enough for. Whether there was something.
bool expand_bodies(onnx::ModelProto& model);

}  // namespace tenon::runtime::onnx_import
