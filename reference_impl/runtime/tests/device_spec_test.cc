// SPDX-License-Identifier: Apache-2.0
#include "runtime/device_spec.h"

#include <gtest/gtest.h>

#include "tenon/cpp/error.hpp"

namespace tenon::runtime {
namespace {

TEST(DeviceSpec, ReadsEveryPart) {
  EXPECT_EQ(DeviceSpec::parse("cpu").plugin, "cpu");
  EXPECT_EQ(DeviceSpec::parse("cpu").index, 0u);
  const DeviceSpec npu = DeviceSpec::parse("acme.npu:12?memory=discrete&mode=");
  EXPECT_EQ(npu.plugin, "acme.npu");
  EXPECT_EQ(npu.index, 12u);
  ASSERT_EQ(npu.options.size(), 2u);
  EXPECT_EQ(npu.options[0], (std::pair<std::string, std::string>("memory", "discrete")));
  EXPECT_EQ(npu.options[1], (std::pair<std::string, std::string>("mode", "")));
  EXPECT_EQ(DeviceSpec::parse("./a:b/lib.so").plugin, "./a:b/lib.so");
  EXPECT_EQ(DeviceSpec::parse("./a:b/lib.so:3").index, 3u);
}

TEST(DeviceSpec, QuotesWhatItCannotRead) {
  for (const char* text :
       {"", ":1", "cpu?", "cpu?memory", "cpu?=x", "cpu:one", "cpu:99999999999999999999999"}) {
    try {
      DeviceSpec::parse(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), TN_INVALID_ARGUMENT);
      EXPECT_NE(error.message().find('"' + std::string(text) + '"'), std::string::npos);
    }
  }
}

TEST(DeviceSpec, SplitsLists) {
  EXPECT_EQ(split_specs(" cpu, acme:1 ,,"), (std::vector<std::string>{"cpu", "acme:1"}));
  EXPECT_TRUE(split_specs("").empty());
}

}  // namespace
}  // namespace tenon::runtime
