// SPDX-License-Identifier: Apache-2.0
//
// ONNX's serialized tensors and attributes as plain data.
#pragma once

#include <optional>
#include <string>

#include "onnx/onnx_pb.h"
#include "runtime/model.h"

namespace tenon::runtime::onnx_import {

// Bytes that a tensor of its type and dims takes. Throws Error: TN_UNSUPPORTED for strings,
// TN_INVALID_ARGUMENT for dims that no tensor can have.
int64_t tensor_bytes(const onnx::TensorProto& proto);

// Throws Error: TN_UNSUPPORTED for unknown types, TN_INVALID_ARGUMENT when the data do not fit the
// dims, TN_NOT_FOUND for external data that cannot be read. External data lie below `base_folder`.
HostTensor to_host_tensor(const onnx::TensorProto& proto, const std::string& base_folder);

// Nothing for attributes that an operator's kernel does not take (graphs, tensors).
std::optional<Attribute> to_attribute(const onnx::AttributeProto& proto);

}  // namespace tenon::runtime::onnx_import
