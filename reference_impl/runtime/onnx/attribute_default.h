// SPDX-License-Identifier: Apache-2.0
//
// What an attribute is that a node does not give. The registry says it, which is generated from the
// contract; the importer types no default.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "runtime/operation.h"
#include "runtime/registry.h"

namespace tenon::runtime::onnx_import {

// Throws std::logic_error where the operator has no such attribute: a mistake of the caller.
inline const AttributeFact& attribute_of(const OperatorInfo& info, std::string_view name) {
  const auto found = std::ranges::find(info.attributes, name, &AttributeFact::name);
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

// Whether an attribute says no more than one that is not given.
inline bool is_default(const AttributeFact& fact, const AttributeValue& value) {
  if (!fact.has_default) return false;
  if (const auto* integer = std::get_if<int64_t>(&value))
    return fact.type == TN_ATTRIBUTE_INT && *integer == fact.integer;
  if (const auto* real = std::get_if<float>(&value))
    return fact.type == TN_ATTRIBUTE_FLOAT && *real == fact.real;
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && fact.type == TN_ATTRIBUTE_STRING && *text == fact.text;
}

// For messages.
inline std::string default_text(const AttributeFact& fact) {
  if (fact.type == TN_ATTRIBUTE_STRING) return "'" + std::string(fact.text) + "'";
  return fact.type == TN_ATTRIBUTE_INT ? std::to_string(fact.integer) : std::to_string(fact.real);
}

}  // namespace tenon::runtime::onnx_import
