// SPDX-License-Identifier: Apache-2.0
//
// What the files of the executor share.
#pragma once

#include <string>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

// Results of at most this many elements may be computed on the host.
constexpr int64_t kMostHostElements = 4096;

// Beyond that, bytes and bits might not fit into 64 bits.
constexpr int64_t kMostElements = int64_t{1} << 55;

// Thrown while a recording is made, when the host would have to wait for a value of the device.
struct DependsOnValues {};

// Whether only the data says how much of the outputs there is.
bool depends_on_data(const Node& node);

inline bool is_index_type(tn_dtype dtype) {
  return dtype == TN_INT64 || dtype == TN_INT32 || dtype == TN_BOOL;
}

inline std::string dims_text(std::span<const int64_t> dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

inline std::string label(const Node& node) {
  return "node '" + node.name + "' (" + node.op_type + ")";
}

}  // namespace tenon::runtime::onnx_import
