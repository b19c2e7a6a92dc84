// SPDX-License-Identifier: Apache-2.0
#include "runtime/context.h"

#include <cstdlib>
#include <thread>

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

TEST(Context, KnowsWhetherTheUserChoseTheDevices) {
  EXPECT_TRUE(Context::create({"cpu"})->chosen());
  for (const char* none : {"", " , "}) {
    setenv("TENON_DEVICES", none, 1);
    EXPECT_FALSE(Context::create()->chosen()) << '"' << none << '"';
  }
  setenv("TENON_DEVICES", "cpu", 1);
  EXPECT_TRUE(Context::create()->chosen());
  unsetenv("TENON_DEVICES");
}

TEST(Context, ThreadsThatOpenADeviceGetTheSame) {
  const auto context = Context::create({"cpu?memory=discrete", "cpu"});
  std::vector<ManagedDevice*> opened(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < opened.size(); ++i) {
    threads.emplace_back([&, i] { opened[i] = &context->device(i % 2); });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < opened.size(); ++i) EXPECT_EQ(opened[i], &context->device(i % 2));
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
  setenv("TENON_FALLBACK", "Error", 1);
  try {
    Context::create({"cpu"})->device(0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "TENON_FALLBACK is allow, warn or error, not \"Error\"");
  }
  unsetenv("TENON_FALLBACK");
  setenv("TENON_KERNEL_CACHE", "3", 1);
  const auto context = Context::create({"cpu"});
  EXPECT_EQ(context->device(0).kernel_statistics().capacity, 3u);
  unsetenv("TENON_KERNEL_CACHE");
}

}  // namespace
}  // namespace tenon::runtime
