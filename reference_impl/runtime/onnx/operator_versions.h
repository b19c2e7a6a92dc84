// SPDX-License-Identifier: Apache-2.0
//
// Which operator of the registry a node of a model means, given the opset that the model imports.
#pragma once

#include <string>

#include "onnx/defs/schema.h"
#include "onnx/onnx_pb.h"
#include "runtime/registry.h"

namespace tenon::runtime::onnx_import {

// The version of a domain that a model imports; 0 if it does not.
int opset_of(const onnx::ModelProto& model, const std::string& domain);

// The opset that the registry's own versions stand for.
int registry_opset();

// "" for ONNX's own, however it is written.
std::string normal_domain(const std::string& domain);

// Null when ONNX does not define the operator in this opset.
const onnx::OpSchema* schema_of(const onnx::NodeProto& node, int opset);

// The registry's operator of that name, in whichever version; or null.
const OperatorInfo* find_onnx_operator(const onnx::NodeProto& node);

// The registry's operator that means what this node says, or null.
const OperatorInfo* operator_of(const onnx::NodeProto& node, int opset);

// Cast to the type of another value, which is known when the model runs.
bool is_cast_like(const onnx::NodeProto& node);

// An operator of sequences or optionals, which the host does: in all versions the same, or more.
bool is_of_sequences(const onnx::NodeProto& node);
// Of strings, and of random numbers.
bool is_of_strings(const onnx::NodeProto& node);
bool is_random(const onnx::NodeProto& node);

// Whether ONNX defines the operator, in this opset, by others.
bool is_function(const onnx::NodeProto& node, int opset);

}  // namespace tenon::runtime::onnx_import
