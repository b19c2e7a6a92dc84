// SPDX-License-Identifier: Apache-2.0
//
// The end of a process whose host leaves devices or its loader open: see live_tables.h.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "files.h"
#include "fixtures/good.h"
#include "tenon/tenon.hpp"

namespace {

// What a host's static objects would hold. Never destroyed: its exit handler looks at it.
struct Host {
  tn_loader* loader = nullptr;
  tn_instance* instance = nullptr;
  tn_device* device = nullptr;
  tn_stream* stream = nullptr;
  const FixtureCounters* counters = nullptr;

  void open() {
    ASSERT_EQ(tn_loader_create(nullptr, &loader, nullptr), TN_OK);
    ASSERT_EQ(tn_loader_open(loader, fixture("good").c_str(), nullptr, &instance, nullptr), TN_OK);
    ASSERT_EQ(tn_device_open(instance, 0, nullptr, &device, nullptr), TN_OK);
    ASSERT_EQ(tn_stream_create(device, nullptr, &stream, nullptr), TN_OK);
    const void* table = nullptr;
    ASSERT_EQ(tn_instance_extension(instance, kFixtureExtension, 1, &table, nullptr), TN_OK);
    counters = static_cast<const FixtureCounters*>(table);
  }
};
Host& host() {
  static Host* const one = new Host;
  return *one;
}

#define TN_REQUIRE(condition)                                  \
  do {                                                         \
    if (!(condition)) {                                        \
      std::fprintf(stderr, "does not hold: %s\n", #condition); \
      _exit(9);                                                \
    }                                                          \
  } while (false)

// Runs `body` in an exit handler that is older than the plugin, so when its static objects have
// gone.
template <void (*body)()>
void end_process(void (*before)()) {
  std::atexit([] {
    body();
    TN_REQUIRE(host().counters->after_statics == 0);
  });
  host().open();
  before();
  std::exit(::testing::Test::HasFailure() ? 8 : 0);
}

void after_open_devices() {
  const Host& end = host();
  TN_REQUIRE(end.counters->synchronized == 1);
  TN_REQUIRE(end.counters->instances_destroyed == 0);
  tenon::ErrorBuffer error;
  TN_REQUIRE(tn_device_synchronize(end.device, &error) == TN_DEVICE_LOST);
  TN_REQUIRE(std::strstr(error.message, "the process is ending") != nullptr);
  TN_REQUIRE(std::strstr(error.message, "'good'") != nullptr);
  auto* device = end.device;
  TN_REQUIRE(tn_device_open(end.instance, 0, nullptr, &device, nullptr) == TN_DEVICE_LOST);
  TN_REQUIRE(device == nullptr);
  auto* instance = end.instance;
  TN_REQUIRE(tn_loader_open(end.loader, fixture("good").c_str(), nullptr, &instance, &error) ==
             TN_DEVICE_LOST);
  TN_REQUIRE(std::strstr(error.message, "the process is ending") != nullptr);
  TN_REQUIRE(instance == nullptr);
  tn_stream_destroy(end.stream);
  tn_device_close(end.device);
  tn_loader_destroy(end.loader);
  TN_REQUIRE(end.counters->devices_closed == 0);
  TN_REQUIRE(end.counters->instances_destroyed == 0);
  TN_REQUIRE(end.counters->synchronized == 1);
}

TEST(ProcessEndDeathTest, TN_exit_001_waits_for_open_devices_and_destroys_do_nothing_behind) {
  EXPECT_EXIT(end_process<after_open_devices>([] {}), testing::ExitedWithCode(0), "");
}

void after_closed_devices() {
  const Host& end = host();
  TN_REQUIRE(end.counters->devices_closed == 1);
  TN_REQUIRE(end.counters->instances_destroyed == 1);
  tn_loader_destroy(end.loader);
  TN_REQUIRE(end.counters->instances_destroyed == 1);
}

TEST(ProcessEndDeathTest, TN_exit_001_instances_without_open_devices_end_before_statics) {
  EXPECT_EXIT(end_process<after_closed_devices>([] {
                tn_stream_destroy(host().stream);
                tn_device_close(host().device);
              }),
              testing::ExitedWithCode(0), "");
}

void after_loader() {
  TN_REQUIRE(host().counters->instances_destroyed == 1);
  auto* loader = host().loader;
  tenon::ErrorBuffer error;
  TN_REQUIRE(tn_loader_create(nullptr, &loader, &error) == TN_DEVICE_LOST);
  TN_REQUIRE(std::strstr(error.message, "the process is ending") != nullptr);
  TN_REQUIRE(loader == nullptr);
}

TEST(ProcessEndDeathTest, TN_exit_001_nothing_is_opened_any_more) {
  EXPECT_EXIT(end_process<after_loader>([] {
                tn_stream_destroy(host().stream);
                tn_device_close(host().device);
                tn_loader_destroy(host().loader);
              }),
              testing::ExitedWithCode(0), "");
}

// Each in a process of its own: a forked child could not open anything.
class Environment : public testing::Environment {
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
[[maybe_unused]] const auto* const kEnvironment =
    testing::AddGlobalTestEnvironment(new Environment);

}  // namespace
