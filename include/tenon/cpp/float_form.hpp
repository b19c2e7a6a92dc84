// SPDX-License-Identifier: Apache-2.0
//
// Floats of any form and numbers: one decoder and one encoder for all of them, made from what
// element_table.hpp says of exponent, mantissa and special codes.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tenon/cpp/element_type.hpp"

namespace tenon {

// The number that a code stands for. Exact: no form is wider than a double.
inline double decode_float(const FloatForm& form, uint64_t bits) {
  const bool negative = (bits & form.sign) != 0;
  const uint64_t code = bits & ~form.sign;
  if (code > form.largest || (form.nan != 0 && bits == form.nan)) {
    const bool infinite = form.infinity != 0 && code == form.infinity;
    const double value = infinite ? std::numeric_limits<double>::infinity()
                                  : std::numeric_limits<double>::quiet_NaN();
    return negative ? -value : value;
  }
  const auto exponent = static_cast<int>(code >> form.mantissa_bits);
  const uint64_t mantissa = code & ((uint64_t{1} << form.mantissa_bits) - 1);
  if (form.sign == 0) return std::ldexp(1.0, exponent - form.bias);
  const uint64_t whole = exponent == 0 ? mantissa : mantissa | uint64_t{1} << form.mantissa_bits;
  const double value = std::ldexp(static_cast<double>(whole),
                                  (exponent == 0 ? 1 : exponent) - form.bias - form.mantissa_bits);
  return negative ? -value : value;
}

// `whole` * 2^exponent, negated or not: a finite number before it is rounded.
struct ExactNumber {
  bool negative = false;
  uint64_t whole = 0;
  int exponent = 0;
};

inline ExactNumber exact_number(double finite) {
  const auto bits = std::bit_cast<uint64_t>(finite);
  const auto exponent = static_cast<int>(bits >> 52 & 0x7FF);
  const uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  return {bits >> 63 != 0, exponent == 0 ? mantissa : mantissa | uint64_t{1} << 52,
          (exponent == 0 ? 1 : exponent) - 1075};
}

// `whole` / 2^shift to nearest, ties to even.
inline uint64_t rounded_shift(uint64_t whole, int shift) {
  if (shift <= 0) return whole << -shift;
  if (shift > 64) return 0;
  const uint64_t half = uint64_t{1} << (shift - 1);
  const uint64_t steps = shift == 64 ? 0 : whole >> shift;
  const uint64_t rest = whole & (half | (half - 1));
  return steps + (rest > half || (rest == half && (steps & 1) != 0) ? 1 : 0);
}

// Bits of what is beyond the largest value: infinity or NaN as the form has them, or with
// `saturate` the largest value itself.
inline uint64_t encode_overflow(const FloatForm& form, bool negative, bool saturate) {
  const uint64_t sign = negative ? form.sign : 0;
  if (saturate || (form.infinity == 0 && form.nan == 0)) return sign | form.largest;
  return form.infinity != 0 ? sign | form.infinity : sign | form.nan;
}

// To nearest, ties to even, in one step.
inline uint64_t encode_float(const FloatForm& form, const ExactNumber& number, bool saturate) {
  const uint64_t sign = number.negative ? form.sign : 0;
  const int lowest = form.sign == 0 ? -form.bias : 1 - form.bias;  // Exponent of the first octave.
  if (form.sign == 0 && number.negative && number.whole != 0) return form.nan;
  if (number.whole == 0) return form.nan == form.sign ? 0 : sign;
  // In units of the last place at this magnitude; a carry in the rounding moves the exponent up by
  // itself, because codes of finite values are consecutive.
  const int width = 64 - std::countl_zero(number.whole);
  const int place = std::max(number.exponent + width - 1, lowest) - form.mantissa_bits;
  const int octave = place + form.mantissa_bits - lowest;
  if (octave >> form.exponent_bits != 0) {
    return encode_overflow(form, number.negative, saturate);
  }
  uint64_t code = rounded_shift(number.whole, place - number.exponent);
  // Without a sign there is no zero: code 0 is the lowest octave itself.
  if (form.sign == 0) code = code == 0 ? 0 : code - 1;
  code += static_cast<uint64_t>(octave) << form.mantissa_bits;
  if (code > form.largest) return encode_overflow(form, number.negative, saturate);
  if (code == 0 && form.nan == form.sign) return 0;
  return sign | code;
}

// The same for any double. A form without NaN gives its largest value for it.
inline uint64_t encode_float(const FloatForm& form, double value, bool saturate) {
  const bool negative = std::signbit(value);
  if (std::isnan(value)) {
    if (form.nan == 0) return form.largest;
    return negative ? form.sign | form.nan : form.nan;
  }
  if (std::isinf(value)) {
    if (form.sign == 0 && negative) return form.nan;
    return encode_overflow(form, negative, saturate);
  }
  return encode_float(form, exact_number(value), saturate);
}

}  // namespace tenon
