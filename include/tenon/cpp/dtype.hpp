// SPDX-License-Identifier: Apache-2.0
//
// Element types: names, sizes, and the mapping to DLPack's (code, bits, lanes).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tenon/dtype.h"

namespace tenon {

// DLPack's DLDataType as plain numbers, so that no DLPack header is needed.
struct DlpackType {
  uint8_t code = 0;
  uint8_t bits = 0;
  uint16_t lanes = 1;
  friend bool operator==(const DlpackType&, const DlpackType&) = default;
};

namespace detail {

struct DtypeRow {
  tn_dtype dtype;
  const char* name;
  DlpackType dlpack;
};

// Codes of DLPack 1.1: 0 int, 1 uint, 2 float, 4 bfloat, 5 complex, 6 bool, 10.. the small floats.
inline constexpr DtypeRow kDtypes[] = {
    {TN_FLOAT32, "float32", {2, 32, 1}},
    {TN_UINT8, "uint8", {1, 8, 1}},
    {TN_INT8, "int8", {0, 8, 1}},
    {TN_UINT16, "uint16", {1, 16, 1}},
    {TN_INT16, "int16", {0, 16, 1}},
    {TN_INT32, "int32", {0, 32, 1}},
    {TN_INT64, "int64", {0, 64, 1}},
    {TN_BOOL, "bool", {6, 8, 1}},
    {TN_FLOAT16, "float16", {2, 16, 1}},
    {TN_FLOAT64, "float64", {2, 64, 1}},
    {TN_UINT32, "uint32", {1, 32, 1}},
    {TN_UINT64, "uint64", {1, 64, 1}},
    {TN_COMPLEX64, "complex64", {5, 64, 1}},
    {TN_COMPLEX128, "complex128", {5, 128, 1}},
    {TN_BFLOAT16, "bfloat16", {4, 16, 1}},
    {TN_FLOAT8E4M3FN, "float8e4m3fn", {10, 8, 1}},
    {TN_FLOAT8E4M3FNUZ, "float8e4m3fnuz", {11, 8, 1}},
    {TN_FLOAT8E5M2, "float8e5m2", {12, 8, 1}},
    {TN_FLOAT8E5M2FNUZ, "float8e5m2fnuz", {13, 8, 1}},
    {TN_UINT4, "uint4", {1, 4, 1}},
    {TN_INT4, "int4", {0, 4, 1}},
    {TN_FLOAT4E2M1, "float4e2m1", {17, 4, 1}},
    {TN_FLOAT8E8M0, "float8e8m0", {14, 8, 1}},
    {TN_UINT2, "uint2", {1, 2, 1}},
    {TN_INT2, "int2", {0, 2, 1}},
    {TN_FLOAT6E2M3, "float6e2m3", {15, 6, 1}},
    {TN_FLOAT6E3M2, "float6e3m2", {16, 6, 1}},
};

}  // namespace detail

// "float32", "bfloat16", "float8e4m3fn", ...; "undefined" for an unknown type.
inline constexpr const char* dtype_name(tn_dtype dtype) {
  for (const auto& row : detail::kDtypes) {
    if (row.dtype == dtype) return row.name;
  }
  return "undefined";
}

// TN_DTYPE_UNDEFINED for an unknown name.
inline constexpr tn_dtype dtype_from_name(std::string_view name) {
  for (const auto& row : detail::kDtypes) {
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
  for (const auto& row : detail::kDtypes) {
    if (row.dtype == dtype) return row.dlpack;
  }
  return std::nullopt;
}

// TN_DTYPE_UNDEFINED where Tenon has no such type (vectors of lanes, opaque handles).
inline constexpr tn_dtype dtype_from_dlpack(DlpackType type) {
  for (const auto& row : detail::kDtypes) {
    if (row.dlpack == type) return row.dtype;
  }
  return TN_DTYPE_UNDEFINED;
}

// The element type that stores a C++ type.
template <class T>
inline constexpr tn_dtype kDtypeOf = TN_DTYPE_UNDEFINED;
template <>
inline constexpr tn_dtype kDtypeOf<float> = TN_FLOAT32;
template <>
inline constexpr tn_dtype kDtypeOf<double> = TN_FLOAT64;
template <>
inline constexpr tn_dtype kDtypeOf<bool> = TN_BOOL;
template <>
inline constexpr tn_dtype kDtypeOf<int8_t> = TN_INT8;
template <>
inline constexpr tn_dtype kDtypeOf<uint8_t> = TN_UINT8;
template <>
inline constexpr tn_dtype kDtypeOf<int16_t> = TN_INT16;
template <>
inline constexpr tn_dtype kDtypeOf<uint16_t> = TN_UINT16;
template <>
inline constexpr tn_dtype kDtypeOf<int32_t> = TN_INT32;
template <>
inline constexpr tn_dtype kDtypeOf<uint32_t> = TN_UINT32;
template <>
inline constexpr tn_dtype kDtypeOf<int64_t> = TN_INT64;
template <>
inline constexpr tn_dtype kDtypeOf<uint64_t> = TN_UINT64;

}  // namespace tenon
