// SPDX-License-Identifier: Apache-2.0
//
// The operators of spec/ops as a table. Static data: no locks, no initialisation, valid for good.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/cpp/attribute_fact.hpp"
#include "tenon/tenon.h"

namespace tenon::runtime {

// ArgumentInfo.flags
enum : uint8_t { kOptional = 1u << 0, kVariadic = 1u << 1, kHostOnly = 1u << 2 };

struct ArgumentInfo {
  std::string_view name;
  uint8_t flags = 0;
};

// One call of a body. Values are numbered: the operator's inputs, its outputs, then temporaries.
struct BodyStep {
  std::string_view name;
  uint8_t inputs[4];
  uint8_t input_count;
  uint8_t output;

  // Not an operator, but those that the attribute `steps` lists (tenon/cpp/steps.hpp), on the first
  // input and, as operands, all of the second, which is variadic.
  bool is_steps() const { return name == "steps"; }
};

// Element types of an argument other than the first type constraint's: an input, or kOutput |
// output.
inline constexpr uint8_t kOutput = 1u << 7;
struct TypeLimit {
  uint8_t position;
  uint64_t dtypes;
};

// Another since-version of ONNX's that means the same for the calls that it can express; see
// same_version.h.
struct SameVersion {
  static constexpr uint8_t kAnyNumber = 255;
  int32_t version;
  uint64_t dtypes;   // Of the first type constraint.
  uint8_t required;  // Inputs that must be there.
  uint8_t inputs, outputs;
  std::span<const TypeLimit> limits = {};
  std::span<const std::string_view> lacks = {};  // Attributes that it does not know.
  // A letter an input: where they are equal, types must be. Empty: no more than `version` demands.
  std::string_view ties = {};
};

// OperatorInfo.flags
enum : uint8_t {
  kView = 1u << 0,         // Hosts do it with dims and strides.
  kElementwise = 1u << 1,  // Inputs broadcast, the output has the broadcast dims.
  kBoolean = 1u << 2       // Elementwise with a bool result whatever the inputs are.
};

struct OperatorInfo {
  std::string_view full_name;  // "Add", "tenon.AdamW".
  // Both end with a zero.
  std::string_view domain;
  std::string_view name;
  int32_t version;
  int32_t revision;  // Of the contract; 0 in ONNX's own domain.
  uint8_t flags;
  uint64_t dtypes;                    // Bit n: element type n, of the first type constraint.
  int8_t column;                      // The first input of that constraint; -1: output 0 is.
  std::span<const SameVersion> same;  // Newest first.
  std::span<const ArgumentInfo> inputs;
  std::span<const ArgumentInfo> outputs;
  std::span<const AttributeFact> attributes;  // Sorted by name.
  // Calls that give the same; or empty. Of elementwise operators; but of an operator with `steps`,
  // the first is the product that they follow: it has the output's dims, and the operator's
  // attributes as far as it knows their names.
  std::span<const BodyStep> body;
  // Attributes of ONNX's that the contract leaves out: a model may give them at their defaults, and
  // no device is told.
  std::span<const AttributeFact> fixed = {};

  bool view() const { return (flags & kView) != 0; }
  bool elementwise() const { return (flags & kElementwise) != 0; }
  bool boolean() const { return (flags & kBoolean) != 0; }
  bool variadic() const { return !inputs.empty() && (inputs.back().flags & kVariadic) != 0; }
  // A call with so many inputs runs as a chain of two-input calls: Max(a, b, c).
  bool runs_as_chain(size_t count) const { return variadic() && elementwise() && count != 2; }
};

std::span<const OperatorInfo> operators();

// By full name; null when there is none.
const OperatorInfo* find_operator(std::string_view full_name);

}  // namespace tenon::runtime
