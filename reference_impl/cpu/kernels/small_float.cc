// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/small_float.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace tenon::cpu {
namespace {

// What tells the formats apart. `nan` and `infinity` are codes without sign; -1: none.
struct Format {
  int mantissa_bits;
  int bias;
  int largest;  // Code of the largest finite value.
  int infinity;
  int nan;
  bool negative_zero_is_nan;  // The FNUZ formats: one zero, one NaN.
  int sign;                   // The sign's bit.
};

constexpr Format kE4m3fn{3, 7, 0x7E, -1, 0x7F, false, 0x80};
constexpr Format kE4m3fnuz{3, 8, 0x7F, -1, -1, true, 0x80};
constexpr Format kE5m2{2, 15, 0x7B, 0x7C, 0x7F, false, 0x80};
constexpr Format kE5m2fnuz{2, 16, 0x7F, -1, -1, true, 0x80};
constexpr Format kE2m1{1, 1, 0x7, -1, -1, false, 0x8};

const Format& format_of(tn_dtype dtype) {
  switch (dtype) {
    case TN_FLOAT8E4M3FN:
      return kE4m3fn;
    case TN_FLOAT8E4M3FNUZ:
      return kE4m3fnuz;
    case TN_FLOAT8E5M2:
      return kE5m2;
    case TN_FLOAT8E5M2FNUZ:
      return kE5m2fnuz;
    default:
      return kE2m1;
  }
}

float decode(const Format& format, int bits) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const bool negative = (bits & format.sign) != 0;
  const int code = bits & (format.sign - 1);
  if (format.negative_zero_is_nan && negative && code == 0) return kNan;
  float value;
  if (code <= format.largest) {
    const int exponent = code >> format.mantissa_bits;
    const int mantissa = code & ((1 << format.mantissa_bits) - 1);
    const int whole = exponent == 0 ? mantissa : mantissa | 1 << format.mantissa_bits;
    value = std::ldexp(static_cast<float>(whole),
                       (exponent == 0 ? 1 : exponent) - format.bias - format.mantissa_bits);
  } else {
    value = code == format.infinity ? std::numeric_limits<float>::infinity() : kNan;
  }
  return negative ? -value : value;
}

using Table = std::array<float, 256>;

const Table& table_of(tn_dtype dtype) {
  static const auto tables = [] {
    std::array<Table, 5> all;
    for (int t = 0; t < 5; ++t) {
      const tn_dtype type = t == 4 ? tn_dtype{TN_FLOAT4E2M1} : TN_FLOAT8E4M3FN + t;
      for (int i = 0; i < 256; ++i) {
        all[static_cast<size_t>(t)][static_cast<size_t>(i)] =
            decode(format_of(type), type == TN_FLOAT4E2M1 ? i & 0xF : i);
      }
    }
    return all;
  }();
  return tables[dtype == TN_FLOAT4E2M1 ? 4 : static_cast<size_t>(dtype - TN_FLOAT8E4M3FN)];
}

}  // namespace

float decode_small(tn_dtype dtype, uint8_t bits) { return table_of(dtype)[bits]; }

uint8_t encode_small(tn_dtype dtype, float value, bool saturate) {
  const Format& format = format_of(dtype);
  const int sign = std::signbit(value) ? format.sign : 0;
  const bool small = dtype == TN_FLOAT4E2M1;
  if (std::isnan(value)) {
    if (small) return static_cast<uint8_t>(format.largest);
    return static_cast<uint8_t>(format.negative_zero_is_nan ? format.sign : sign | format.nan);
  }
  const float magnitude = std::fabs(value);
  int code = format.largest + 1;
  if (magnitude == 0.0f) {
    code = 0;
  } else if (std::isfinite(magnitude)) {
    // In units of the last place at this magnitude; a carry in the rounding moves the exponent up
    // by itself, because codes of finite values are consecutive.
    int exponent = 0;
    std::frexp(magnitude, &exponent);
    const int place = std::max(exponent - 1, 1 - format.bias) - format.mantissa_bits;
    const int steps = static_cast<int>(std::nearbyint(std::ldexp(magnitude, -place)));
    const int octave = place + format.mantissa_bits - (1 - format.bias);
    if (octave < 64) code = steps + (octave << format.mantissa_bits);
  }
  if (code > format.largest) {
    if (saturate || small) {
      code = format.largest;
    } else if (format.infinity >= 0) {
      code = format.infinity;
    } else {
      return static_cast<uint8_t>(format.negative_zero_is_nan ? format.sign : sign | format.nan);
    }
  }
  if (code == 0 && format.negative_zero_is_nan) return 0;
  return static_cast<uint8_t>(sign | code);
}

}  // namespace tenon::cpu
