// SPDX-License-Identifier: Apache-2.0
//
// What spec/ops lets a device claim: operators, the since-versions of each that mean the same, and
// the element types of their parameters. Nothing of what comes out: that is the oracles' own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/cpp/attribute_fact.hpp"
#include "tenon/cpp/dtype.hpp"

namespace tenon::conformance {

struct ContractParameter {
  enum Flags : uint8_t { kNone = 0, kOptional = 1, kVariadic = 2, kHostOnly = 4 };

  std::string_view name;
  std::string_view constraint;  // Empty where the element type is fixed.
  uint64_t dtypes;              // A bit each.
  uint8_t flags = kNone;
};

struct ContractVersion {
  int32_t version;
  std::span<const ContractParameter> inputs, outputs;
  std::span<const char* const> attributes;

  // The parameter at a position: a variadic one stands for all behind it. NULL: there is none.
  const ContractParameter* input(size_t i) const { return at(inputs, i); }
  const ContractParameter* output(size_t i) const { return at(outputs, i); }
  bool knows(std::string_view attribute) const;

 private:
  static const ContractParameter* at(std::span<const ContractParameter> list, size_t i);
};

// An output may be exactly that input.
struct ContractReplaces {
  size_t output, input;
};

struct ContractOperator {
  std::string_view domain, name;
  std::string_view column;  // The type constraint of a device's claims, in the first version.
  std::span<const ContractVersion> versions;  // The contract's own first.
  std::span<const ContractReplaces> replaces;
  std::span<const AttributeFact> attributes;  // Of the contract's own version.

  const ContractVersion* version(int32_t number) const;  // NULL: none that means the same.
};

// NULL for an operator that spec/ops does not have, or that hosts do with dims and strides.
const ContractOperator* find_contract(std::string_view domain, std::string_view name);

// Whether the contract leaves the dims of an operator's outputs to the caller.
bool caller_decides_dims(std::string_view domain, std::string_view name);

}  // namespace tenon::conformance
