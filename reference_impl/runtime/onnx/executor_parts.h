// SPDX-License-Identifier: Apache-2.0
//
// What the files of the executor share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/onnx/graph.h"
#include "runtime/onnx/tensor.h"

namespace tenon::runtime::onnx_import {

// Results of at most this many elements may be computed on the host.
constexpr int64_t kMostHostElements = 4096;

// Beyond that, bytes and bits might not fit into 64 bits.
constexpr int64_t kMostElements = int64_t{1} << 55;

// Thrown while a recording is made, when the host would have to wait for a value of the device.
struct DependsOnValues {};

// The caller adds the node.
[[noreturn]] inline void refuse(const std::string& what) {
  throw Error(TN_INVALID_ARGUMENT, "", what);
}

inline bool is_index_type(tn_dtype dtype) {
  return dtype == TN_INT64 || dtype == TN_INT32 || dtype == TN_BOOL;
}

inline std::string dims_text(std::span<const int64_t> dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

// Of elements on the host, too.
inline const char* type_name(tn_dtype dtype) {
  return dtype == kStrings ? "string" : dtype_name(dtype);
}

// The value of an attribute that the node gives; nothing where it does not.
template <class T>
std::optional<T> given_attribute(const Node& node, std::string_view name) {
  for (const Attribute& attribute : node.attributes)
    if (attribute.name == name) return std::get<T>(attribute.value);
  return std::nullopt;
}

// Whether a node's outputs are strings though its inputs are not, and whether they are numbers
// though its inputs are strings: executor_strings.cc.
bool makes_strings(const Node& node);
bool gives_numbers(const Node& node);

// Another in each process and for each model: executor_random.cc.
uint64_t random_key();

inline std::string label(const Node& node) {
  return "node '" + node.name + "' (" + node.op_type + ")";
}

}  // namespace tenon::runtime::onnx_import
