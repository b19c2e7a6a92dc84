// SPDX-License-Identifier: Apache-2.0
//
// The branch-free float functions against the C library's double ones, and the 16-bit conversions
// against every value.
#include "reference_impl/cpu/kernels/vector_math.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::cpu {
namespace {

// The largest error of `f` over [low, high], in units of the last place of the exact float result.
template <class F, class G>
double worst_ulp(F f, G exact, double low, double high) {
  double worst = 0;
  constexpr int kSteps = 400000;
  for (int i = 0; i <= kSteps; ++i) {
    const float x = static_cast<float>(low + (high - low) * i / kSteps);
    const double e = exact(static_cast<double>(x)), a = f(x);
    const float rounded = std::fabs(static_cast<float>(e));
    const double ulp =
        std::max<double>(std::nextafterf(rounded, INFINITY) - rounded, 1.401298464e-45);
    if (std::isinf(rounded) && std::isinf(a)) continue;
    worst = std::max(worst, std::fabs(a - e) / ulp);
  }
  return worst;
}

#define TENON_EXPECT_ULP(LIMIT, FUNCTION, EXACT, LOW, HIGH)                               \
  {                                                                                       \
    const double worst = worst_ulp([](float x) { return static_cast<double>(FUNCTION); }, \
                                   [](double x) { return EXACT; }, LOW, HIGH);            \
    EXPECT_LE(worst, LIMIT) << #FUNCTION;                                                 \
    RecordProperty(#FUNCTION, std::to_string(worst));                                     \
  }

TEST(VectorMath, StaysWithinAFewUnitsInTheLastPlace){
    TENON_EXPECT_ULP(2, vm::exp(x), std::exp(x), -104, 89)
        TENON_EXPECT_ULP(2, vm::expm1(x), std::expm1(x), -0.4, 0.34)
            TENON_EXPECT_ULP(2, vm::log(x), std::log(x), 1e-6, 3)
                TENON_EXPECT_ULP(2, vm::log(x), std::log(x), 1, 3e38)
                    TENON_EXPECT_ULP(2, vm::log(x), std::log(x), 1e-45, 1e-37)
                        TENON_EXPECT_ULP(3, vm::log1p_positive(x), std::log1p(x), 0, 2)
                            TENON_EXPECT_ULP(3, vm::tanh(x), std::tanh(x), -12, 12)
                                TENON_EXPECT_ULP(3, vm::sigmoid(x), 1 / (1 + std::exp(-x)), -80, 80)
                                    TENON_EXPECT_ULP(3, vm::erf(x), std::erf(x), -6, 6)
                                        TENON_EXPECT_ULP(5, vm::erfc(x), std::erfc(x), -6, 9)
                                            TENON_EXPECT_ULP(6, x* vm::normal_cdf(x),
                                                             x * 0.5 * std::erfc(-x * M_SQRT1_2),
                                                             -12, 12)}

TEST(VectorMath, KeepsTheSpecialValues) {
  const float inf = INFINITY, nan = NAN;
  EXPECT_EQ(vm::exp(inf), inf);
  EXPECT_EQ(vm::exp(-inf), 0);
  EXPECT_EQ(vm::exp(-200.0f), 0);
  EXPECT_EQ(vm::exp(0.0f), 1);
  EXPECT_EQ(vm::log(0.0f), -inf);
  EXPECT_EQ(vm::log(-0.0f), -inf);
  EXPECT_EQ(vm::log(inf), inf);
  EXPECT_EQ(vm::log(1.0f), 0);
  EXPECT_TRUE(std::isnan(vm::log(-1.0f)));
  EXPECT_EQ(vm::tanh(inf), 1);
  EXPECT_EQ(vm::tanh(-inf), -1);
  EXPECT_TRUE(std::signbit(vm::tanh(-0.0f)));
  EXPECT_EQ(vm::sigmoid(inf), 1);
  EXPECT_EQ(vm::sigmoid(-inf), 0);
  EXPECT_EQ(vm::erf(inf), 1);
  EXPECT_EQ(vm::erf(-inf), -1);
  EXPECT_TRUE(std::signbit(vm::erf(-0.0f)));
  EXPECT_EQ(vm::erfc(inf), 0);
  EXPECT_EQ(vm::erfc(-inf), 2);
  EXPECT_EQ(vm::expm1(-inf), -1);
  for (float y : {vm::exp(nan), vm::log(nan), vm::tanh(nan), vm::sigmoid(nan), vm::erf(nan),
                  vm::erfc(nan), vm::expm1(nan)})
    EXPECT_TRUE(std::isnan(y));
}

TEST(Halves, EveryFloat16SurvivesTheWayThroughFloat) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const Float16 h{static_cast<uint16_t>(bits)};
    const float x = to_float(h);
    const int exponent = static_cast<int>(bits >> 10 & 31),
              fraction = static_cast<int>(bits & 1023);
    if (exponent == 31 && fraction != 0) {
      ASSERT_TRUE(std::isnan(x));
      ASSERT_TRUE(std::isnan(to_float(to_float16(x))));
      continue;
    }
    double expected = exponent == 31  ? INFINITY
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(1024 + fraction, exponent - 25);
    if (bits >> 15) expected = -expected;
    ASSERT_EQ(x, expected) << bits;
    ASSERT_EQ(to_float16(x).bits, bits);
  }
}

TEST(Halves, RoundToNearestEven) {
  // Between each two neighbours: below, at and above the middle.
  for (uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const double a = to_float(Float16{static_cast<uint16_t>(bits)});
    const double b = to_float(Float16{static_cast<uint16_t>(bits + 1)});
    const float middle = static_cast<float>((a + b) / 2);
    ASSERT_EQ(to_float16(middle).bits, bits + (bits & 1));
    ASSERT_EQ(to_float16(std::nextafterf(middle, 0)).bits, bits);
    ASSERT_EQ(to_float16(std::nextafterf(middle, 1e9f)).bits, bits + 1);
  }
  EXPECT_EQ(to_float16(65519.0f).bits, 0x7BFF);
  EXPECT_EQ(to_float16(65520.0f).bits, 0x7C00);
  EXPECT_EQ(to_float16(-1e30f).bits, 0xFC00);
  for (uint32_t bits = 0; bits < 0x7F7F; ++bits) {
    const double a = to_float(BFloat16{static_cast<uint16_t>(bits)});
    const double b = to_float(BFloat16{static_cast<uint16_t>(bits + 1)});
    ASSERT_EQ(to_bfloat16(static_cast<float>((a + b) / 2)).bits, bits + (bits & 1));
  }
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(std::bit_cast<float>(0x7F800001u)))));
  EXPECT_EQ(to_bfloat16(3.4e38f).bits, 0x7F80);
}

}  // namespace
}  // namespace tenon::cpu
