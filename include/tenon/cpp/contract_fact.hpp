// SPDX-License-Identifier: Apache-2.0
//
// What the operator contract says of one operator: the since-versions that mean the same, and the
// element types of their parameters. The generated table is made of these.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/cpp/attribute_fact.hpp"

namespace tenon {

struct ContractParameter {
  enum Flags : uint8_t {
    kNone = 0,
    kOptional = 1,
    kVariadic = 2,
    kHostOnly = 4,
    kMixed = 8  // Variadic, and each may be of another type of the constraint.
  };

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
  static constexpr const ContractParameter* at(std::span<const ContractParameter> list, size_t i) {
    if (i < list.size()) return &list[i];
    return !list.empty() && (list.back().flags & ContractParameter::kVariadic) != 0 ? &list.back()
                                                                                    : nullptr;
  }
  constexpr const ContractParameter* input(size_t i) const { return at(inputs, i); }
  constexpr const ContractParameter* output(size_t i) const { return at(outputs, i); }
  constexpr bool knows(std::string_view attribute) const {
    return std::ranges::find(attributes, attribute) != attributes.end();
  }
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

  // NULL: none that means the same.
  constexpr const ContractVersion* version(int32_t number) const {
    const auto found = std::ranges::find(versions, number, &ContractVersion::version);
    return found != versions.end() ? &*found : nullptr;
  }
};

}  // namespace tenon
