// SPDX-License-Identifier: Apache-2.0
//
// The table of element types for C++ hosts: what it says, and numbers as elements.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tenon/tenon.hpp"

namespace {

using tenon::ElementKind;
using tenon::Number;

std::vector<tenon::ElementType> floats(int most_bits) {
  std::vector<tenon::ElementType> found;
  for (const tenon::ElementType& type : tenon::kElementTypes) {
    if (type.kind == ElementKind::kFloat && type.bits <= most_bits) found.push_back(type);
  }
  return found;
}

// The element of a number, as the unsigned integer that its bytes are.
uint64_t bits_of(tn_dtype dtype, const Number& number, bool saturate = false) {
  uint64_t bits = 0;
  EXPECT_TRUE(tenon::write_element(dtype, number, &bits, saturate)) << dtype;
  return bits;
}

double value_of(tn_dtype dtype, uint64_t bits) {
  return tenon::read_element(dtype, &bits)->to_double();
}

double rounded(tn_dtype dtype, const Number& number, bool saturate = false) {
  return value_of(dtype, bits_of(dtype, number, saturate));
}

TEST(ElementType, NamesAndDlpackTypesAreUniqueAndComeBack) {
  std::set<std::string> names;
  for (tn_dtype dtype = -1; dtype < 64; ++dtype) {
    const bool known = tn_dtype_bits(dtype) != 0;
    const std::optional<tenon::DlpackType> dlpack = tenon::dtype_to_dlpack(dtype);
    ASSERT_EQ(known, dlpack.has_value()) << dtype;
    if (!dlpack.has_value()) {
      EXPECT_STREQ(tenon::dtype_name(dtype), "undefined");
      continue;
    }
    EXPECT_TRUE(names.insert(tenon::dtype_name(dtype)).second);
    EXPECT_EQ(tenon::dtype_from_name(tenon::dtype_name(dtype)), dtype);
    EXPECT_EQ(tenon::dtype_from_dlpack(*dlpack), dtype);
    EXPECT_EQ(dlpack->bits, tn_dtype_bits(dtype));
    EXPECT_EQ(tenon::element_type(dtype).bits, tn_dtype_bits(dtype));
  }
  EXPECT_EQ(tenon::dtype_from_dlpack({2, 32, 4}), TN_DTYPE_UNDEFINED) << "lanes";
  EXPECT_EQ(tenon::dtype_from_dlpack({}), TN_DTYPE_UNDEFINED);
  EXPECT_EQ(tenon::dtype_from_name("undefined"), TN_DTYPE_UNDEFINED);
  EXPECT_EQ(tenon::dtype_bytes(TN_INT4, 3), 2u);
  EXPECT_EQ(tenon::dtype_bytes(TN_COMPLEX128, 3), 48u);
}

TEST(ElementType, SetsHoldWhatTheirNamesSay) {
  using namespace tenon::type_set;
  EXPECT_EQ(kNumeric, kFloat | kInteger);
  EXPECT_EQ(kInteger, kSigned | kUnsigned);
  EXPECT_EQ(kComputed, kNumeric | kBool);
  EXPECT_EQ(kHalf, bit(TN_FLOAT16) | bit(TN_BFLOAT16));
  EXPECT_EQ(kBool, bit(TN_BOOL));
  EXPECT_TRUE(tenon::in_set(TN_FLOAT8E5M2, kMoved));
  EXPECT_FALSE(tenon::in_set(TN_INT4, kMoved)) << "no whole bytes";
  EXPECT_TRUE(tenon::in_set(TN_INT4, kAll));
  EXPECT_FALSE(tenon::in_set(TN_FLOAT6E2M3, kAll)) << "nothing serves it";
  EXPECT_FALSE(tenon::in_set(-1, kAll));
  EXPECT_FALSE(tenon::in_set(64, kAll));
}

// Known values of each form: what a byte or two mean, by the papers that define them.
TEST(Float, CodesMeanWhatTheirFormSays) {
  EXPECT_EQ(value_of(TN_FLOAT16, 0x7BFF), 65504);
  EXPECT_EQ(value_of(TN_FLOAT16, 0x0001), 0x1p-24);
  EXPECT_EQ(value_of(TN_BFLOAT16, 0x3F81), 1.0078125);
  EXPECT_EQ(value_of(TN_FLOAT8E4M3FN, 0x7E), 448);
  EXPECT_EQ(value_of(TN_FLOAT8E4M3FN, 0x01), 0x1p-9);
  EXPECT_EQ(value_of(TN_FLOAT8E4M3FNUZ, 0x7F), 240);
  EXPECT_EQ(value_of(TN_FLOAT8E5M2, 0x7B), 57344);
  EXPECT_EQ(value_of(TN_FLOAT8E5M2, 0xFC), -INFINITY);
  EXPECT_EQ(value_of(TN_FLOAT8E5M2FNUZ, 0x7F), 57344);
  EXPECT_EQ(value_of(TN_FLOAT4E2M1, 0xF), -6);
  EXPECT_EQ(value_of(TN_FLOAT6E2M3, 0x1F), 7.5);
  EXPECT_EQ(value_of(TN_FLOAT6E3M2, 0x1F), 28);
  EXPECT_EQ(value_of(TN_FLOAT8E8M0, 0x00), 0x1p-127);
  EXPECT_EQ(value_of(TN_FLOAT8E8M0, 0xFE), 0x1p127);
  for (const auto& [dtype, nan] :
       std::vector<std::pair<tn_dtype, uint64_t>>{{TN_FLOAT8E4M3FN, 0xFF},
                                                  {TN_FLOAT8E4M3FNUZ, 0x80},
                                                  {TN_FLOAT8E5M2, 0x7D},
                                                  {TN_FLOAT8E5M2FNUZ, 0x80},
                                                  {TN_FLOAT8E8M0, 0xFF},
                                                  {TN_FLOAT16, 0xFC01}}) {
    EXPECT_TRUE(std::isnan(value_of(dtype, nan))) << tenon::dtype_name(dtype);
  }
}

TEST(Float, EveryCodeComesBack) {
  for (const tenon::ElementType& type : floats(16)) {
    for (uint64_t code = 0; code < uint64_t{1} << type.bits; ++code) {
      const double value = value_of(type.dtype, code);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(rounded(type.dtype, value)) || type.form.nan == 0) << type.name;
        continue;
      }
      ASSERT_EQ(bits_of(type.dtype, value), code) << type.name << " " << value;
    }
  }
}

TEST(Float, Float16IsTheCompilersOwn) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    const auto bits = static_cast<uint16_t>(code);
    const auto expected = static_cast<double>(std::bit_cast<_Float16>(bits));
    const double actual = value_of(TN_FLOAT16, code);
    ASSERT_TRUE(actual == expected || (std::isnan(actual) && std::isnan(expected))) << code;
  }
  std::mt19937_64 random(1);
  std::normal_distribution<double> exponent(0, 12);
  for (int i = 0; i < 100000; ++i) {
    const double value = std::ldexp(1 + static_cast<double>(random() >> 11) * 0x1p-53,
                                    static_cast<int>(exponent(random)));
    ASSERT_EQ(bits_of(TN_FLOAT16, value), std::bit_cast<uint16_t>(static_cast<_Float16>(value)))
        << value;
  }
}

// Whatever the form, no neighbour is nearer, and of two that are as near the even one is taken.
TEST(Float, RoundsToNearestAndTiesToEven) {
  std::mt19937_64 random(2);
  for (const tenon::ElementType& type : floats(16)) {
    for (uint64_t code = 0; code + 1 <= type.form.largest; ++code) {
      const double low = value_of(type.dtype, code), high = value_of(type.dtype, code + 1);
      const double middle = low + (high - low) / 2;  // Exact: doubles have bits enough.
      const double between = low + (high - low) * (static_cast<double>(random() >> 11) * 0x1p-53);
      const bool scale = type.form.sign == 0;  // Codes ascend by factors: the higher one is even.
      const uint64_t even = scale ? code + 1 : code + (code & 1);
      ASSERT_EQ(bits_of(type.dtype, middle), even) << type.name << " " << middle;
      ASSERT_EQ(bits_of(type.dtype, std::nextafter(middle, low)), code) << type.name;
      ASSERT_EQ(bits_of(type.dtype, std::nextafter(middle, high)), code + 1) << type.name;
      ASSERT_EQ(bits_of(type.dtype, between),
                between < middle ? code : (between > middle ? code + 1 : even))
          << type.name << " " << between;
    }
  }
}

TEST(Float, BeyondTheLargestValue) {
  EXPECT_EQ(rounded(TN_FLOAT16, 65519.0), 65504);
  EXPECT_EQ(rounded(TN_FLOAT16, 65520.0), INFINITY);
  EXPECT_EQ(rounded(TN_BFLOAT16, -1e39), -INFINITY);
  EXPECT_EQ(rounded(TN_FLOAT32, 1e39), INFINITY);
  EXPECT_TRUE(std::isnan(rounded(TN_FLOAT8E4M3FN, 1000.0)));
  EXPECT_EQ(rounded(TN_FLOAT8E4M3FN, -1000.0, true), -448);
  EXPECT_EQ(rounded(TN_FLOAT8E4M3FN, INFINITY, true), 448);
  EXPECT_EQ(rounded(TN_FLOAT8E5M2, 1e6), INFINITY);
  EXPECT_EQ(rounded(TN_FLOAT8E5M2, 1e6, true), 57344);
  EXPECT_EQ(bits_of(TN_FLOAT8E5M2FNUZ, -1e6), 0x80u) << "the one NaN";
  EXPECT_EQ(bits_of(TN_FLOAT8E5M2FNUZ, -0.0), 0u) << "the one zero";
  EXPECT_EQ(rounded(TN_FLOAT4E2M1, 100.0), 6);
  EXPECT_EQ(rounded(TN_FLOAT4E2M1, NAN), 6);
  EXPECT_EQ(rounded(TN_FLOAT8E8M0, 0.0), 0x1p-127);
  EXPECT_TRUE(std::isnan(rounded(TN_FLOAT8E8M0, -1.0)));
  EXPECT_TRUE(std::isnan(rounded(TN_FLOAT8E8M0, 1e300)));
  EXPECT_EQ(bits_of(TN_FLOAT32, 1e39, true), 0x7F7FFFFFu);
}

TEST(Number, IntegersKeepAllTheirBits) {
  const int64_t odd = (int64_t{1} << 53) + 1;
  EXPECT_EQ(bits_of(TN_INT64, odd), static_cast<uint64_t>(odd));
  EXPECT_EQ(tenon::read_element(TN_INT64, &odd)->to_int64(), odd);
  EXPECT_EQ(bits_of(TN_UINT64, UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(bits_of(TN_INT64, INT64_MIN), uint64_t{1} << 63);
  EXPECT_EQ(bits_of(TN_UINT8, -1), 0xFFu) << "wraps";
  EXPECT_EQ(bits_of(TN_INT16, 70000), 70000u & 0xFFFFu);
  EXPECT_EQ(bits_of(TN_INT4, -1), 0xFu);
  EXPECT_EQ(value_of(TN_INT4, 0xF8), -8) << "the lowest bits alone";
  EXPECT_EQ(value_of(TN_UINT4, 0xF), 15);
  EXPECT_EQ(value_of(TN_INT2, 2), -2);
  EXPECT_EQ(bits_of(TN_INT32, -2.75), 0xFFFFFFFEu) << "truncates";
  EXPECT_EQ(bits_of(TN_UINT64, 0x1p63), uint64_t{1} << 63);
}

// An integer is rounded once, not on its way through a float.
TEST(Number, IntegersRoundOnce) {
  EXPECT_EQ(bits_of(TN_FLOAT32, (1 << 24) + 1), std::bit_cast<uint32_t>(0x1p24f));
  EXPECT_EQ(rounded(TN_FLOAT64, (int64_t{1} << 53) + 1), 0x1p53);
  EXPECT_EQ(rounded(TN_FLOAT64, UINT64_MAX), 0x1p64);
  // 2^60 + 2^52 is the middle of two bfloat16; one more is nearer to the upper.
  const int64_t middle = (int64_t{1} << 60) + (int64_t{1} << 52);
  EXPECT_EQ(rounded(TN_BFLOAT16, middle), 0x1p60);
  EXPECT_EQ(rounded(TN_BFLOAT16, middle + 1), 0x1p60 + 0x1p53);
  EXPECT_EQ(rounded(TN_BFLOAT16, -middle - 1), -0x1p60 - 0x1p53);
  EXPECT_EQ(rounded(TN_FLOAT16, 1 + 0x1p-11 + 0x1p-40), 1 + 0x1p-10) << "not by way of float32";
}

TEST(Number, BoolsAndComplexNumbers) {
  EXPECT_EQ(bits_of(TN_BOOL, NAN), 1u);
  EXPECT_EQ(bits_of(TN_BOOL, -0.0), 0u);
  EXPECT_EQ(bits_of(TN_BOOL, 256), 1u);
  EXPECT_EQ(bits_of(TN_BOOL, std::complex<double>(0, 1)), 1u);
  EXPECT_EQ(bits_of(TN_FLOAT32, true), std::bit_cast<uint32_t>(1.0f));
  std::array<float, 2> narrow{};
  ASSERT_TRUE(tenon::write_element(TN_COMPLEX64, std::complex<double>(1.5, -2), narrow.data()));
  EXPECT_EQ(narrow, (std::array<float, 2>{1.5f, -2.0f}));
  std::array<double, 2> wide{7, 7};
  ASSERT_TRUE(tenon::write_element(TN_COMPLEX128, 3, wide.data()));
  EXPECT_EQ(wide, (std::array<double, 2>{3, 0}));
  EXPECT_EQ(tenon::read_element(TN_COMPLEX64, narrow.data())->imaginary(), -2);
  EXPECT_EQ(bits_of(TN_INT32, std::complex<double>(4, 5)), 4u) << "the real part";
}

TEST(Number, UnknownTypesAreRefused) {
  unsigned char untouched[16] = {42};
  for (const tn_dtype unknown : {-1, 0, 8, 29, 1000}) {
    EXPECT_FALSE(tenon::write_element(unknown, 1, untouched)) << unknown;
    EXPECT_FALSE(tenon::read_element(unknown, untouched).has_value()) << unknown;
  }
  EXPECT_EQ(untouched[0], 42);
}

}  // namespace
