// SPDX-License-Identifier: Apache-2.0
//
// In a forked child every call answers TN_FORKED and destroys do nothing.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "fixtures/good.h"
#include "tenon/tenon.hpp"

namespace {

// Runs `body` in a forked child; its result is the child's exit code.
template <class Body>
int exit_code_of_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Fork, HandlesAnswerForkedAndDestroysDoNothing) {
  tenon::Loader loader;
  const tenon::Instance instance = loader.open(fixture("good"));
  const tenon::Device device = instance.open_device(0);
  const auto* counters = instance.extension<FixtureCounters>(kFixtureExtension, 1);
  const int closed = counters->devices_closed;
  const int destroyed = counters->instances_destroyed;

  // Returns the number of the first thing that is wrong.
  const int wrong = exit_code_of_child([&] {
    tenon::ErrorBuffer error;
    if (tn_device_synchronize(device.get(), &error) != TN_FORKED) return 1;
    if (strstr(error.message, "tn_device_synchronize") == nullptr) return 2;
    if (strstr(error.message, "'good'") == nullptr) return 3;
    // Also a function that the plugin lacks: fork comes first.
    auto* buffer = reinterpret_cast<tn_buffer*>(1);
    if (tn_buffer_create(device.get(), nullptr, &buffer, &error) != TN_FORKED) return 4;
    if (buffer != nullptr) return 5;
    tn_device_close(device.get());
    if (counters->devices_closed != closed) return 6;
    tn_loader_destroy(loader.get());
    if (counters->instances_destroyed != destroyed) return 7;
    if (tn_device_synchronize(device.get(), nullptr) != TN_FORKED) return 8;
    tn_instance* opened = nullptr;
    if (tn_loader_open(loader.get(), "good", nullptr, &opened, &error) != TN_FORKED) return 9;
    size_t count = 0;
    if (tn_loader_candidate_count(loader.get(), &count, &error) != TN_FORKED) return 10;
    tn_loader* other = nullptr;
    if (tn_loader_create(nullptr, &other, &error) != TN_FORKED) return 11;
    return 0;
  });
  EXPECT_EQ(wrong, 0);

  device.synchronize();  // The parent is not affected.
  EXPECT_EQ(instance.device_count(), 1u);
}

TEST(Fork, TN_fork_002_a_loader_belongs_to_the_process_that_made_it) {
  const tenon::Loader loader;  // Opens nothing.
  const int wrong = exit_code_of_child([&] {
    tenon::ErrorBuffer error;
    size_t count = 0;
    if (tn_loader_candidate_count(loader.get(), &count, &error) != TN_FORKED) return 1;
    tn_candidate_info info{};
    info.struct_size = sizeof(info);
    if (tn_loader_candidate_info(loader.get(), 0, &info, &error) != TN_FORKED) return 2;
    auto* instance = reinterpret_cast<tn_instance*>(1);
    if (tn_loader_open(loader.get(), fixture("good").c_str(), nullptr, &instance, &error) !=
            TN_FORKED ||
        instance != nullptr) {
      return 3;
    }
    const tn_diagnostic_fn report = [](void*, const char*) {};
    if (tn_loader_diagnose(loader.get(), report, nullptr, &error) != TN_FORKED) return 4;
    tn_loader_destroy(loader.get());  // Does nothing.
    if (tn_loader_candidate_count(loader.get(), &count, &error) != TN_FORKED) return 5;
    return 0;
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_NO_THROW(loader.candidates());
}

TEST(Fork, GrandchildToo) {
  const tenon::Loader loader;
  const tenon::Device device = loader.open(fixture("good")).open_device(0);
  const int code = exit_code_of_child([&] {
    return exit_code_of_child(
        [&] { return tn_device_synchronize(device.get(), nullptr) == TN_FORKED ? 42 : 1; });
  });
  EXPECT_EQ(code, 42);
}

}  // namespace
