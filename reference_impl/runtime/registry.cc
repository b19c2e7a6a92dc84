// SPDX-License-Identifier: Apache-2.0
#include "runtime/registry.h"

#include <array>
#include <iterator>

namespace tenon::runtime {
namespace {

constexpr uint64_t bit(tn_dtype dtype) { return uint64_t{1} << dtype; }

constexpr uint64_t kFloat = bit(TN_FLOAT16) | bit(TN_BFLOAT16) | bit(TN_FLOAT32) | bit(TN_FLOAT64);
constexpr uint64_t kInteger = bit(TN_INT8) | bit(TN_INT16) | bit(TN_INT32) | bit(TN_INT64) |
                              bit(TN_UINT8) | bit(TN_UINT16) | bit(TN_UINT32) | bit(TN_UINT64);
constexpr uint64_t kNumeric = kFloat | kInteger;
constexpr uint64_t kBool = bit(TN_BOOL);
constexpr uint64_t kAll = kNumeric | kBool | bit(TN_COMPLEX64) | bit(TN_COMPLEX128) |
                          bit(TN_FLOAT8E4M3FN) | bit(TN_FLOAT8E4M3FNUZ) | bit(TN_FLOAT8E5M2) |
                          bit(TN_FLOAT8E5M2FNUZ) | bit(TN_UINT4) | bit(TN_INT4) |
                          bit(TN_FLOAT4E2M1);

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
