// SPDX-License-Identifier: Apache-2.0
//
// Element types: names, sizes, sets, and the mapping to DLPack's (code, bits, lanes).
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "tenon/cpp/element_table.hpp"
#include "tenon/dtype.h"

namespace tenon {

// The row of a type; of kind kNone, and named "undefined", for an unknown one.
inline constexpr const ElementType& element_type(tn_dtype dtype) {
  const bool known = dtype >= 0 && dtype < static_cast<tn_dtype>(std::size(kElementTypes));
  return kElementTypes[known ? dtype : TN_DTYPE_UNDEFINED];
}

// Whether a set of tenon::type_set holds a type.
inline constexpr bool in_set(tn_dtype dtype, uint64_t set) {
  return dtype >= 0 && dtype < 64 && (set >> dtype & 1) != 0;
}

// "float32", "bfloat16", "float8e4m3fn", ...; "undefined" for an unknown type.
inline constexpr const char* dtype_name(tn_dtype dtype) { return element_type(dtype).name; }

// TN_DTYPE_UNDEFINED for an unknown name.
inline constexpr tn_dtype dtype_from_name(std::string_view name) {
  for (const ElementType& row : kElementTypes) {
    if (row.name == name) return row.dtype;
  }
  return TN_DTYPE_UNDEFINED;
}

// Bytes of `count` dense elements; types below one byte round up.
inline uint64_t dtype_bytes(tn_dtype dtype, uint64_t count) {
  const uint64_t bits = tn_dtype_bits(dtype);
  return bits >= 8 ? count * (bits / 8) : (count * bits + 7) / 8;
}

// Nothing for an unknown type.
inline constexpr std::optional<DlpackType> dtype_to_dlpack(tn_dtype dtype) {
  const ElementType& row = element_type(dtype);
  if (row.kind == ElementKind::kNone) return std::nullopt;
  return row.dlpack;
}

// TN_DTYPE_UNDEFINED where Tenon has no such type (vectors of lanes, opaque handles).
inline constexpr tn_dtype dtype_from_dlpack(DlpackType type) {
  for (const ElementType& row : kElementTypes) {
    if (row.kind != ElementKind::kNone && row.dlpack == type) return row.dtype;
  }
  return TN_DTYPE_UNDEFINED;
}

}  // namespace tenon
