// SPDX-License-Identifier: Apache-2.0
#include "runtime/registry.h"

#include <array>
#include <iterator>

#include "tenon/cpp/dtype.hpp"

namespace tenon::runtime {
namespace {

using namespace type_set;  // As the operators' types are written.

constexpr AttributeInfo attribute(std::string_view name, tn_attribute_type type) {
  return {name, type};
}
constexpr AttributeInfo list(std::string_view name, tn_attribute_type type) {
  return {name, type, true};
}
constexpr AttributeInfo integer(std::string_view name, int64_t value) {
  return {name, TN_ATTRIBUTE_INT, true, value};
}
constexpr AttributeInfo real(std::string_view name, float value) {
  return {name, TN_ATTRIBUTE_FLOAT, true, 0, value};
}
constexpr AttributeInfo text(std::string_view name, std::string_view value) {
  return {name, TN_ATTRIBUTE_STRING, true, 0, 0, value};
}

#include "runtime/generated/operators.inc"

// Names hash into a table that is built by the compiler: adapters make operations on hot paths.
constexpr size_t kSlots = 1024;
static_assert(kSlots > 2 * std::size(kOperators), "lookups must stay short");

constexpr size_t slot_of(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash ^ (hash >> 15)) % kSlots;
}

constexpr auto kIndex = [] {
  std::array<uint16_t, kSlots> index{};  // 1 + position; 0: empty.
  for (size_t i = 0; i < std::size(kOperators); ++i) {
    size_t slot = slot_of(kOperators[i].full_name);
    while (index[slot] != 0) slot = (slot + 1) % kSlots;
    index[slot] = static_cast<uint16_t>(i + 1);
  }
  return index;
}();

}  // namespace

std::span<const OperatorInfo> operators() { return kOperators; }

const OperatorInfo* find_operator(std::string_view full_name) {
  for (size_t slot = slot_of(full_name); kIndex[slot] != 0; slot = (slot + 1) % kSlots) {
    const OperatorInfo& found = kOperators[kIndex[slot] - 1];
    if (found.full_name == full_name) return &found;
  }
  return nullptr;
}

}  // namespace tenon::runtime
