// SPDX-License-Identifier: Apache-2.0
#include "conformance/mutants/perturb/moved.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace tenon::perturb {
namespace {

TEST(Moved, IsAsFarAwayAsAskedAndTheNextOne) {
  const uint32_t one = std::bit_cast<uint32_t>(1.0f);
  for (const double distance : {1e-9, 1e-7, 1e-3, 0.5, 3.0, 1e30}) {
    const auto bits = moved(TN_FLOAT32, one, distance);
    ASSERT_TRUE(bits) << distance;
    const float there = std::bit_cast<float>(static_cast<uint32_t>(*bits));
    EXPECT_GE(there - 1.0f, distance);
    EXPECT_LT(static_cast<double>(std::nextafter(there, 0.0f)) - 1.0, distance) << distance;
  }
  EXPECT_EQ(moved(TN_FLOAT32, one, 0), one + 1) << "never the same";
}

TEST(Moved, GoesDownWhereThereIsNoRoomAbove) {
  const auto bits = moved(TN_FLOAT32, 0x7f7fffff, 1e38);
  ASSERT_TRUE(bits);
  EXPECT_LE(std::bit_cast<float>(static_cast<uint32_t>(*bits)), 2.4028236e38f);
  EXPECT_FALSE(moved(TN_FLOAT16, 0x3c00, 1e6)) << "no number of the type is so far away";
}

TEST(Moved, CrossesZero) {
  const auto bits = moved(TN_FLOAT32, std::bit_cast<uint32_t>(-1.0f), 2.5);
  ASSERT_TRUE(bits);
  EXPECT_GE(std::bit_cast<float>(static_cast<uint32_t>(*bits)), 1.5f);
}

TEST(Moved, TurnsWhatIsNoNumberIntoOne) {
  EXPECT_EQ(moved(TN_FLOAT32, 0x7fc00000, 1), 0u);
  EXPECT_EQ(moved(TN_BFLOAT16, 0xff80, 1), 0u);
  EXPECT_EQ(moved(TN_FLOAT8E4M3FNUZ, 0x80, 1), 0u);
}

TEST(Moved, IntegersAndTruths) {
  EXPECT_EQ(moved(TN_INT32, 7, 0), 8u);
  EXPECT_EQ(moved(TN_INT8, 0xff, 0), 0u);
  EXPECT_EQ(moved(TN_UINT4, 0xf, 0), 0u);
  EXPECT_EQ(moved(TN_BOOL, 1, 0), 0u);
}

TEST(Moved, ByUnits) {
  EXPECT_EQ(moved_by_units(TN_FLOAT64, std::bit_cast<uint64_t>(1.0), 32),
            std::bit_cast<uint64_t>(1.0) + 32);
  EXPECT_EQ(moved_by_units(TN_FLOAT32, 0x7f7fffff, 32), 0x7f7fffffu - 32);
}

TEST(Moved, KindsOfNumbers) {
  EXPECT_STREQ(kind_of(TN_FLOAT32, 0x7fc00000), "nan");
  EXPECT_STREQ(kind_of(TN_FLOAT32, 0xff800000), "infinity");
  EXPECT_STREQ(kind_of(TN_FLOAT32, 1), "subnormal");
  EXPECT_STREQ(kind_of(TN_FLOAT32, 0x80000000), "minus_zero");
  EXPECT_STREQ(kind_of(TN_FLOAT16, 0x6400), "large");
  EXPECT_STREQ(kind_of(TN_FLOAT8E4M3FN, 0x7f), "nan");
  EXPECT_EQ(kind_of(TN_FLOAT32, std::bit_cast<uint32_t>(1.0f)), nullptr);
  EXPECT_EQ(kind_of(TN_INT32, 0x80000000), nullptr);
}

}  // namespace
}  // namespace tenon::perturb
