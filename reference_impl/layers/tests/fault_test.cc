// SPDX-License-Identifier: Apache-2.0
//
// The fault layer: what TENON_FAULT may say, what comes of it, and every function of the core
// failing in turn.
#include <gmock/gmock.h>

#include <chrono>

#include "reference_impl/layers/tests/fault_sweep.h"
#include "reference_impl/layers/tests/fixture.h"
#include "reference_impl/layers/tests/use_everything.h"

namespace tenon::layers {
namespace {

class FaultTest : public testing::TestWithParam<const char*> {
 protected:
  static constexpr const char* kLayers = "validation,fault";

  ~FaultTest() override { unsetenv("TENON_FAULT"); }

  // Throws where the plan is none.
  void open(const std::string& fault) {
    setenv("TENON_FAULT", fault.c_str(), 1);
    device_ = Device();  // Before the loader that it is of.
    loader_ = Loader({}, host_.get(), "fault");
    instance_ = loader_.open("cpu");
    unsetenv("TENON_FAULT");
    device_ = open_device();
  }
  Device open_device() const {
    const tn_option late{"memory", "discrete"};
    return instance_.open_device(0, {&late, 1});
  }

  RecordingHost host_;
  Loader loader_{static_cast<tn_loader*>(nullptr)};
  Instance instance_;
  Device device_;
};

TEST_F(FaultTest, TheSecondCallFailsAndNoOther) {
  open("buffer_create:2:memory");
  const Buffer first(device_, 16);
  ErrorBuffer error;
  const tn_buffer_desc desc{sizeof(desc), 16, TN_BUFFER_DEVICE, 0, nullptr};
  tn_buffer* second = garbage<tn_buffer>();
  EXPECT_EQ(tn_buffer_create(device_.get(), &desc, &second, &error), TN_OUT_OF_DEVICE_MEMORY);
  EXPECT_EQ(second, nullptr);
  EXPECT_THAT(error.message, testing::HasSubstr("buffer_create:2:memory"));
  const Buffer third(device_, 16);
}

TEST_F(FaultTest, EveryCallFromOneOn) {
  open("tn_buffer_create:2+:host-memory,stream_create:*:internal");
  const Buffer first(device_, 16);
  for (int i = 0; i < 3; ++i) EXPECT_THROW(Buffer(device_, 16), Error);
  for (int i = 0; i < 3; ++i) EXPECT_THROW(Stream{device_}, Error);
}

TEST_F(FaultTest, ALostDeviceStaysSoUntilItIsOpenedAnew) {
  open("stream_fill:2:lost");
  const Stream stream(device_);
  const Buffer buffer(device_, 16);
  const auto fill = [&] {
    return tn_stream_fill(stream.get(), buffer.get(), 0, 16, "x", 1, nullptr);
  };
  EXPECT_EQ(fill(), TN_OK);
  EXPECT_EQ(fill(), TN_DEVICE_LOST);
  EXPECT_EQ(fill(), TN_DEVICE_LOST);
  EXPECT_EQ(tn_stream_synchronize(stream.get(), nullptr), TN_DEVICE_LOST);
  EXPECT_EQ(tn_device_synchronize(device_.get(), nullptr), TN_DEVICE_LOST);
  EXPECT_THROW(Buffer(device_, 16), Error);
  const Device anew = open_device();
  const Stream works(anew);
  works.fill(Buffer(anew, 16), 0, 16, "x", 1);
  works.synchronize();
}

TEST_F(FaultTest, ALateFailureIsTheStreams) {
  for (const char* memory : {"discrete", "unified"}) {
    open("stream_fill:1:late");
    const tn_option option{"memory", memory};
    const Device device = instance_.open_device(0, {&option, 1});
    const Stream stream(device);
    const Stream other(device);
    const Buffer buffer(device, 16);
    stream.fill(buffer, 0, 16, "x", 1);
    const Event event(device);
    stream.record(event);
    EXPECT_NE(tn_stream_synchronize(stream.get(), nullptr), TN_OK) << memory;
    EXPECT_NE(tn_event_synchronize(event.get(), nullptr, nullptr), TN_OK) << memory;
    EXPECT_EQ(tn_stream_synchronize(other.get(), nullptr), TN_OK) << memory;
    EXPECT_NE(tn_stream_reset(stream.get(), nullptr), TN_OK) << memory;
    stream.fill(buffer, 0, 16, "x", 1);
    EXPECT_EQ(tn_stream_synchronize(stream.get(), nullptr), TN_OK) << memory;
  }
}

TEST_F(FaultTest, ASlowCallIsWell) {
  open("buffer_create:1:slow=30");
  const auto start = std::chrono::steady_clock::now();
  const Buffer buffer(device_, 16);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(30));
}

TEST_F(FaultTest, WhatIsNoPlanIsRefusedWithWhatIsWrong) {
  const std::pair<const char*, const char*> wrong[] = {
      {"buffer_create", "three parts"},          {"buffer_create:1", "three parts"},
      {"buffer_crate:1:memory", "buffer_crate"}, {"buffer_create:0:memory", "number from 1"},
      {"buffer_create:x:memory", "\"x\""},       {"buffer_create:1:fire", "fire"},
      {"buffer_create:1:slow", "milliseconds"},  {"buffer_create:1:lost=3", "slow alone"}};
  for (const auto& [text, what] : wrong) {
    try {
      open(text);
      ADD_FAILURE() << text << " is accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), TN_INVALID_ARGUMENT);
      EXPECT_THAT(error.what(), testing::HasSubstr(what)) << text;
      EXPECT_THAT(error.what(), testing::HasSubstr("TENON_FAULT"));
    }
  }
}

// Every function of the core, on devices whose work is done at once, late, or out of reach.
TEST_P(FaultTest, EveryCallOfEveryFunctionMayFail) {
  const tn_option memory{"memory", GetParam()};
  const std::span<const tn_option> options(&memory, 1);
  int usual = 0;  // What this device does not have.
  const auto use = [&] {
    const Loader loader({}, nullptr, kLayers);
    const Instance instance = loader.open("cpu");
    const Usage usage = use_everything(instance, options);
    EXPECT_THAT(usage.unusable, testing::IsEmpty());
    if (usual == 0) usual = usage.failures;
    if (usage.failures == usual) return;
    // And it works again: a device that was lost when it is opened anew.
    const Usage again = use_everything(instance, options);
    EXPECT_EQ(again.failures, usual) << again.last_failure;
    EXPECT_THAT(again.unusable, testing::IsEmpty());
  };
  EXPECT_EQ(run_with("", use), 0);
  const int struck =
      sweep({"memory", "internal", "lost", "late"}, [&](const std::string&) { use(); });
  EXPECT_GT(struck, 200);
}
INSTANTIATE_TEST_SUITE_P(Modes, FaultTest, testing::Values("unified", "discrete", "mapped"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tenon::layers
