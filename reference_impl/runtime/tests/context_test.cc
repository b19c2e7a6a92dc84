// SPDX-License-Identifier: Apache-2.0
#include "runtime/context.h"

#include <cstdlib>

#include "fixture.h"

namespace tenon::runtime {
namespace {

tn_status status_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.status();
  }
  return TN_OK;
}

TEST(Context, OpensTheDevicesItIsTold) {
  const auto context = Context::create({"cpu?memory=discrete", "cpu"});
  EXPECT_EQ(context->device_count(), 2u);
  EXPECT_EQ(context->device(0).spec(), "cpu?memory=discrete");
  EXPECT_FALSE(context->device(0).coherent());
  EXPECT_TRUE(context->device(1).coherent());
  EXPECT_EQ(&context->device(1), &context->reference());
  EXPECT_EQ(&context->open("cpu?memory=discrete"), &context->device(0));
  EXPECT_EQ(status_of([&] { context->device(2); }), TN_OUT_OF_RANGE);
}

TEST(Context, ReadsTheEnvironment) {
  setenv("TENON_DEVICES", "cpu?memory=mapped, cpu", 1);
  const auto context = Context::create();
  unsetenv("TENON_DEVICES");
  ASSERT_EQ(context->device_count(), 2u);
  EXPECT_EQ(context->device(0).spec(), "cpu?memory=mapped");
}

TEST(Context, SaysWhyADeviceCannotBeOpened) {
  const auto context = Context::create({"cpu:7", "no.such.plugin", "cpu?memory=square"});
  EXPECT_EQ(status_of([&] { context->device(0); }), TN_OUT_OF_RANGE);
  EXPECT_EQ(status_of([&] { context->device(1); }), TN_NOT_FOUND);
  EXPECT_EQ(status_of([&] { context->device(2); }), TN_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { context->device(0); }), TN_OUT_OF_RANGE);  // And again.
}

TEST(Context, TheReferenceDeviceComesFirst) {
  unsetenv("TENON_DEVICES");
  const auto context = Context::create();
  const std::vector<DeviceListing> listing = context->listing();
  ASSERT_FALSE(listing.empty());
  EXPECT_EQ(listing.front().spec, "cpu");
  EXPECT_EQ(listing.front().reason, "");
  EXPECT_NE(listing.front().name, "");
  EXPECT_EQ(context->device(0).spec(), "cpu");
}

TEST(Context, RefusesSettingsItDoesNotKnow) {
  for (const auto& [name, value] :
       {std::pair("TENON_FALLBACK", "maybe"), std::pair("TENON_KERNEL_CACHE", "0"),
        std::pair("TENON_KERNEL_CACHE", "many")}) {
    setenv(name, value, 1);
    EXPECT_EQ(status_of([] { Context::create({"cpu"})->device(0); }), TN_INVALID_ARGUMENT) << value;
    unsetenv(name);
  }
  setenv("TENON_KERNEL_CACHE", "3", 1);
  const auto context = Context::create({"cpu"});
  EXPECT_EQ(context->device(0).kernel_statistics().capacity, 3u);
  unsetenv("TENON_KERNEL_CACHE");
}

}  // namespace
}  // namespace tenon::runtime
