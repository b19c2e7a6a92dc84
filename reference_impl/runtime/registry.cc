// SPDX-License-Identifier: Apache-2.0
#include "runtime/registry.h"

#include <array>
#include <iterator>

#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/operator_attributes.hpp"

namespace tenon::runtime {
namespace {

using namespace type_set;  // As the operators' types are written.

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
