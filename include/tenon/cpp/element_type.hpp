// SPDX-License-Identifier: Apache-2.0
//
// What is known of an element type: one row of element_table.hpp.
#pragma once

#include <cstdint>

#include "tenon/tenon.h"

namespace tenon {

// DLPack's DLDataType as plain numbers, so that no DLPack header is needed.
struct DlpackType {
  uint8_t code = 0;
  uint8_t bits = 0;
  uint16_t lanes = 1;
  friend bool operator==(const DlpackType&, const DlpackType&) = default;
};

enum class ElementKind : uint8_t { kNone, kFloat, kSigned, kUnsigned, kBool, kComplex };

// How a float lies in its bits: sign, exponent, mantissa from the highest bit down. Codes are bits
// without the sign; finite values are all codes up to `largest`, in ascending order. 0: none.
struct FloatForm {
  uint8_t exponent_bits = 0;
  uint8_t mantissa_bits = 0;
  int16_t bias = 0;
  uint64_t sign = 0;      // The sign's bit. None: values are powers of two, and there is no zero.
  uint64_t largest = 0;   // The largest finite value.
  uint64_t infinity = 0;  // None: what is too large becomes NaN, or the largest value.
  uint64_t nan = 0;       // The sign's bit where negative zero is NaN.
};

struct ElementType {
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  const char* name = "undefined";  // "float32"
  const char* short_name = "";     // "f32"
  const char* numpy = nullptr;     // Null where NumPy itself has no such type.
  ElementKind kind = ElementKind::kNone;
  uint8_t bits = 0;
  FloatForm form{};                    // Of floats.
  tn_dtype part = TN_DTYPE_UNDEFINED;  // Of complex numbers: what their halves are.
  DlpackType dlpack{};
};

}  // namespace tenon
