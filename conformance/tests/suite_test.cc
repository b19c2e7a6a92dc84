// SPDX-License-Identifier: Apache-2.0
//
// The suite's own parts, without a device.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "suite/declaration.h"
#include "suite/host_tensor.h"
#include "suite/target.h"

namespace tenon::conformance {
namespace {

TEST(Spec, ParsesPluginIndexAndOptions) {
  const Spec spec = Spec::parse("/a/b.tenon.json:2?memory=discrete&threads=3");
  EXPECT_EQ(spec.plugin, "/a/b.tenon.json");
  EXPECT_EQ(spec.index, 2u);
  ASSERT_EQ(spec.options.size(), 2u);
  EXPECT_EQ(spec.options[1], (std::pair<std::string, std::string>("threads", "3")));
  EXPECT_EQ(Spec::parse("cpu").plugin, "cpu");
  EXPECT_THROW(Spec::parse("cpu?memory"), std::invalid_argument);
  EXPECT_THROW(Spec::parse("?a=b"), std::invalid_argument);
}

TEST(Declaration, MatchesNamesAndOperators) {
  EXPECT_TRUE(glob_match("A*b?", "Axxbc"));
  EXPECT_FALSE(glob_match("A*b", "Abc"));
  const std::string path = testing::TempDir() + "declaration.json";
  std::ofstream(path) << R"({"unsupported": [{"operator": "tenon.AdamW", "reason": "r"}]})";
  Declaration declaration = Declaration::read(path);
  EXPECT_NE(match(declaration.unsupported, "Operator/tenon_AdamW/float32.TN_x"), nullptr);
  EXPECT_EQ(match(declaration.unsupported, "Operator/Add/float32.TN_x"), nullptr);
  std::ofstream(path) << R"({"unsupported": [{"operator": "Add"}]})";
  EXPECT_THROW(Declaration::read(path), std::runtime_error) << "a reason is missing";
  std::remove(path.c_str());
}

TEST(HostTensor, RoundsToSmallFloats) {
  const auto round = [](tn_dtype dtype, double value) {
    return HostTensor::scalar(dtype, value).values[0];
  };
  EXPECT_EQ(round(TN_FLOAT16, 65504), 65504);
  EXPECT_EQ(round(TN_FLOAT16, 65520), INFINITY);
  EXPECT_EQ(round(TN_FLOAT16, 1 + 1.0 / 2048), 1) << "ties to even";
  EXPECT_EQ(round(TN_FLOAT16, 1 + 3.0 / 2048), 1 + 2.0 / 1024);
  EXPECT_EQ(round(TN_FLOAT16, std::ldexp(1, -24)), std::ldexp(1, -24));
  EXPECT_EQ(round(TN_FLOAT16, 2047.9), 2048);
  EXPECT_EQ(round(TN_BFLOAT16, 1 + 1.0 / 256), 1);
  EXPECT_EQ(round(TN_BFLOAT16, -3.140625), -3.140625);
  EXPECT_EQ(round(TN_INT8, 300), 44);
}

TEST(Difference, SeesWhatDiffers) {
  const HostTensor expected(TN_FLOAT32, {3}, {1, NAN, 100});
  EXPECT_EQ(difference(expected, expected, 0), "");
  EXPECT_NE(difference(HostTensor(TN_FLOAT32, {3}, {1, 0, 100}), expected, 1), "");
  EXPECT_NE(difference(HostTensor(TN_FLOAT32, {3}, {1, NAN, 101}), expected, 1e-3), "");
  EXPECT_EQ(difference(HostTensor(TN_FLOAT32, {3}, {1, NAN, 101}), expected, 1e-1), "");
  EXPECT_NE(difference(HostTensor(TN_FLOAT32, {3}, {1, NAN, INFINITY}), expected, 1), "");
}

}  // namespace
}  // namespace tenon::conformance
