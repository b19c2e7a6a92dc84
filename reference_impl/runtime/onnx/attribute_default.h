// SPDX-License-Identifier: Apache-2.0
//
// What an attribute is that a node does not give. The registry says it, which is generated from the
// contract; the importer types no default.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "runtime/registry.h"

namespace tenon::runtime::onnx_import {

// Throws std::logic_error where the operator has no such attribute: a mistake of the caller.
inline const AttributeInfo& attribute_of(const OperatorInfo& info, std::string_view name) {
  const auto found = std::ranges::find(info.attributes, name, &AttributeInfo::name);
  if (found == info.attributes.end()) {
    throw std::logic_error(std::string(info.full_name) + " has no attribute " + std::string(name));
  }
  return *found;
}

inline int64_t default_integer(std::string_view full_name, std::string_view name) {
  return attribute_of(*find_operator(full_name), name).integer;
}

inline float default_real(std::string_view full_name, std::string_view name) {
  return attribute_of(*find_operator(full_name), name).real;
}

}  // namespace tenon::runtime::onnx_import
