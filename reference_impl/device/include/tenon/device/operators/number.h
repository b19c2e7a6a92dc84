// SPDX-License-Identifier: Apache-2.0
//
// C++ types for the ABI's element types, and the type each is computed in.
//
// float16 and bfloat16 are stored as bits and computed in float. The conversions are free of
// branches, so loops over them vectorize without any instruction-set extension.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "tenon/device/kernel.h"

namespace tenon::device {

#define TENON_INLINE inline __attribute__((always_inline))

struct Float16 {
  uint16_t bits;
};

struct BFloat16 {
  uint16_t bits;
};

TENON_INLINE float to_float(BFloat16 x) {
  return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16);
}

TENON_INLINE float to_float(Float16 x) {
  // Normal numbers: move the exponent into place and rescale. Subnormal ones: let the subtraction
  // of 0.5 normalize. Infinity and NaN come out of the first way with the largest exponent.
  const uint32_t w = static_cast<uint32_t>(x.bits) << 16;
  const uint32_t sign = w & 0x80000000u;
  const uint32_t twice = w + w;
  const float normal = std::bit_cast<float>((twice >> 4) + (0xE0u << 23)) * 0x1.0p-112f;
  const float subnormal = std::bit_cast<float>((twice >> 17) | (126u << 23)) - 0.5f;
  const uint32_t magnitude =
      twice < (1u << 27) ? std::bit_cast<uint32_t>(subnormal) : std::bit_cast<uint32_t>(normal);
  return std::bit_cast<float>(sign | magnitude);
}

TENON_INLINE BFloat16 to_bfloat16(float x) {
  const uint32_t w = std::bit_cast<uint32_t>(x);
  const uint32_t rounded = (w + 0x7FFFu + ((w >> 16) & 1u)) >> 16;
  const uint32_t quiet = (w >> 16) | 0x40u;
  return {static_cast<uint16_t>((w & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded)};
}

TENON_INLINE Float16 to_float16(float x) {
  // The addition of a power of two just above x rounds x to nearest even at float16's last bit; the
  // two factors before make overflow infinite.
  const uint32_t w = std::bit_cast<uint32_t>(x);
  const uint32_t twice = w + w;
  float base = std::bit_cast<float>(w & 0x7FFFFFFFu) * 0x1.0p+112f * 0x1.0p-110f;
  uint32_t bias = twice & 0xFF000000u;
  bias = bias < 0x71000000u ? 0x71000000u : bias;
  base = std::bit_cast<float>((bias >> 1) + 0x07800000u) + base;
  const uint32_t bits = std::bit_cast<uint32_t>(base);
  const uint32_t magnitude = ((bits >> 13) & 0x7C00u) + (bits & 0x0FFFu);
  return {
      static_cast<uint16_t>(((w >> 16) & 0x8000u) | (twice > 0xFF000000u ? 0x7E00u : magnitude))};
}

// The type in which a value of T is computed.
template <class T>
struct ComputeOf {
  using type = T;
};
template <>
struct ComputeOf<Float16> {
  using type = float;
};
template <>
struct ComputeOf<BFloat16> {
  using type = float;
};
template <class T>
using Compute = typename ComputeOf<T>::type;

template <class T>
inline constexpr bool kIsHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;
template <class T>
inline constexpr bool kIsFloat = kIsHalf<T> || std::is_floating_point_v<T>;

// By reference: a host's byte for a bool may be any, and all but 0 are true, but to read one that
// is neither 0 nor 1 as C++'s bool is undefined.
template <class T>
TENON_INLINE Compute<T> load(const T& x) {
  if constexpr (kIsHalf<T>) {
    return to_float(x);
  } else if constexpr (std::is_same_v<T, bool>) {
    unsigned char byte;
    std::memcpy(&byte, &x, 1);
    return byte != 0;
  } else {
    return x;
  }
}

// Rounds a result to its element type.
template <class T, class C>
TENON_INLINE T store(C x) {
  if constexpr (std::is_same_v<T, Float16>) {
    return to_float16(static_cast<float>(x));
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return to_bfloat16(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
}

// The element type that stores a C++ type.
template <class T>
struct DtypeOf;
#define TENON_DTYPE_OF(DTYPE, T)             \
  template <>                                \
  struct DtypeOf<T> {                        \
    static constexpr tn_dtype value = DTYPE; \
  };
TENON_COMPUTED_TYPES(TENON_DTYPE_OF)
#undef TENON_DTYPE_OF

// The values that no other of T is below or above: the infinities, where T has them.
template <class T>
constexpr T lowest() {
  if constexpr (kIsHalf<T>) {
    constexpr FloatForm kForm = element_type(DtypeOf<T>::value).form;
    return T{static_cast<uint16_t>(kForm.sign | kForm.infinity)};
  } else if constexpr (std::is_floating_point_v<T>) {
    return -std::numeric_limits<T>::infinity();
  } else {
    return std::numeric_limits<T>::lowest();
  }
}

template <class T>
constexpr T highest() {
  if constexpr (kIsHalf<T>) {
    return T{static_cast<uint16_t>(lowest<T>().bits & 0x7FFF)};
  } else if constexpr (std::is_floating_point_v<T>) {
    return std::numeric_limits<T>::infinity();
  } else {
    return std::numeric_limits<T>::max();
  }
}

// ---- Sets of element types, as in the `types` of spec/ops ----

inline constexpr uint64_t kFloatTypes = type_set::kFloat;
inline constexpr uint64_t kIntegerTypes = type_set::kInteger;
inline constexpr uint64_t kNumericTypes = type_set::kNumeric;
inline constexpr uint64_t kBoolType = type_set::kBool;
inline constexpr uint64_t kComputedTypes = type_set::kComputed;
inline constexpr uint64_t kMovedTypes = type_set::kMoved;
// Floats that are computed in float32.
inline constexpr uint64_t kHalfTypes = type_set::kHalf;

using tenon::dtype_name;

// Throws TN_UNSUPPORTED for an element type that the kernel is not made for.
[[noreturn]] void throw_unsupported_dtype(std::string_view op, tn_dtype dtype);

template <class T>
struct Type {
  using type = T;
};

// Calls visit(Type<T>{}) for the C++ type of `dtype`, which must be in `Mask`. Only types in Mask
// are instantiated.
template <uint64_t Mask, class Visit>
decltype(auto) visit_dtype(std::string_view op, tn_dtype dtype, Visit&& visit) {
#define TENON_CASE(DTYPE, T)                       \
  if constexpr ((Mask & dtype_bit(DTYPE)) != 0) {  \
    if (dtype == (DTYPE)) return visit(Type<T>{}); \
  }
  TENON_COMPUTED_TYPES(TENON_CASE)
#undef TENON_CASE
  throw_unsupported_dtype(op, dtype);
}

}  // namespace tenon::device
