// SPDX-License-Identifier: Apache-2.0
//
// Calls into the loader from where it calls out, and what cannot load before what can.
#include <gmock/gmock.h>

#include <functional>
#include <thread>
#include <vector>

#include "files.h"
#include "tenon/tenon.hpp"

namespace {

using testing::HasSubstr;

// A host whose log function calls what a test gave it, once for each line.
struct CallingHost {
  tn_host host{};
  std::function<void(const char*)> on_log;

  CallingHost() {
    host.struct_size = sizeof(host);
    host.context = this;
    host.log = [](void* context, tn_log_level, const char*, const char* message) {
      const auto& self = *static_cast<CallingHost*>(context);
      if (self.on_log) self.on_log(message);
    };
  }
};

std::vector<tn_candidate_info> of_name(const tenon::Loader& loader, const std::string& name) {
  std::vector<tn_candidate_info> found;
  for (const tn_candidate_info& info : loader.candidates()) {
    if (info.name == name) found.push_back(info);
  }
  return found;
}

void diagnose(const tenon::Loader& loader, std::function<void(const char*)> report) {
  tenon::call(
      tn_loader_diagnose, loader.get(),
      +[](void* user, const char* line) {
        (*static_cast<std::function<void(const char*)>*>(user))(line);
      },
      static_cast<void*>(&report));
}

TEST(Reentry, FromADiagnosis) {
  const TemporaryFolder folder;
  folder.manifest("good", fixture("good"));
  folder.manifest("aborts", fixture("aborts"));
  const tenon::Loader loader(std::vector<std::string>{folder.path()});
  int opened = 0;
  diagnose(loader, [&](const char*) {
    EXPECT_GE(loader.candidates().size(), 2u);
    opened += loader.open("good").device_count() == 1;
    std::thread([&] { EXPECT_GE(loader.candidates().size(), 2u); }).join();
  });
  EXPECT_GT(opened, 1);
}

// A library without a manifest is loaded to learn its name, and what comes of it logged.
TEST(Reentry, FromTheLog) {
  const TemporaryFolder folder;
  CallingHost host;
  const tenon::Loader loader(
      std::vector<std::string>{fixture("aborts"), folder.manifest("good", fixture("good"))},
      &host.host);
  int calls = 0;
  host.on_log = [&](const char* line) {
    EXPECT_THAT(line, HasSubstr("died of signal 6"));
    if (++calls == 1) {
      EXPECT_EQ(loader.open("good").device_count(), 1u);
    }
    std::thread([&] { EXPECT_EQ(loader.open("good").device_count(), 1u); }).join();
  };
  EXPECT_EQ(loader.open("good").device_count(), 1u);
  EXPECT_EQ(calls, 1);
}

// The plugin logs while it starts.
TEST(Reentry, OfThePluginThatIsBeingOpened) {
  const TemporaryFolder folder;
  CallingHost host;
  const tenon::Loader loader(std::vector<std::string>{folder.manifest("logs", fixture("logs")),
                                                      folder.manifest("good", fixture("good"))},
                             &host.host);
  tn_status status = TN_OK;
  std::string message;
  host.on_log = [&](const char*) {
    EXPECT_EQ(loader.open("good").device_count(), 1u);
    try {
      loader.open("logs");
    } catch (const tenon::Error& error) {
      status = error.status();
      message = error.message();
    }
  };
  EXPECT_EQ(loader.open("logs").device_count(), 1u);
  EXPECT_EQ(status, TN_INVALID_STATE);
  EXPECT_THAT(message, HasSubstr("is being opened by a call that this one is part of"));
}

// A plugin logs while libtenon opens it: the host may call all of libtenon but that instance.
TEST(Reentry, TN_host_001_host_functions_may_call_libtenon) {
  const TemporaryFolder folder;
  CallingHost host;
  const tenon::Loader loader(std::vector<std::string>{folder.manifest("logs", fixture("logs")),
                                                      folder.manifest("good", fixture("good"))},
                             &host.host);
  int calls = 0;
  host.on_log = [&](const char*) {
    ++calls;
    EXPECT_NE(tn_get_function("tn_kernel_launch"), nullptr);
    tn_loader_info info{};
    info.struct_size = sizeof(info);
    EXPECT_EQ(tn_loader_version(&info, nullptr), TN_OK);
    EXPECT_EQ(info.abi_major, static_cast<uint32_t>(TN_ABI_MAJOR));
    EXPECT_GE(loader.candidates().size(), 2u);
    const tenon::Loader other(std::vector<std::string>{folder.path()});
    const tenon::Instance good = other.open("good");
    const tenon::Device device = good.open_device(0);
    device.synchronize();
    loader.open("good").open_device(0).synchronize();
  };
  EXPECT_EQ(loader.open("logs").device_count(), 1u);
  EXPECT_GE(calls, 1);
}

TEST(Reentry, ManyThreadsGetOneInstance) {
  const TemporaryFolder folder;
  const tenon::Loader loader(std::vector<std::string>{folder.manifest("good", fixture("good"))});
  std::vector<tn_instance*> instances(8);
  std::vector<std::thread> threads;
  for (tn_instance*& instance : instances) {
    threads.emplace_back([&] { instance = loader.open("good").get(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(instances, testing::Each(instances[0]));
}

// Those that stand first in the search are worthless: each in its own way.
TEST(Shadow, WhatCannotLoadNeverShadowsWhatCan) {
  for (const char* first : {"/nowhere/libgood.so", "create_abort", "wrong_hash", "no_device"}) {
    const TemporaryFolder bad;
    const TemporaryFolder good;
    bad.manifest("good", *first == '/' ? first : fixture(first));
    good.manifest("good", fixture("good"));
    const tenon::Loader loader(std::vector<std::string>{bad.path(), good.path()});
    ASSERT_EQ(of_name(loader, "good").size(), 2u);
    EXPECT_EQ(of_name(loader, "good")[1].state, TN_CANDIDATE_SHADOWED);
    EXPECT_EQ(loader.open("good").device_count(), 1u) << first;
    EXPECT_NE(of_name(loader, "good")[0].error, nullptr);
    EXPECT_EQ(of_name(loader, "good")[1].state, TN_CANDIDATE_OPEN);
  }
}

TEST(Shadow, ADiagnosisTriesTheNextOfTheName) {
  const TemporaryFolder bad;
  const TemporaryFolder good;
  bad.manifest("good", fixture("create_abort"));
  good.manifest("good", fixture("good"));
  const tenon::Loader loader(std::vector<std::string>{bad.path(), good.path()});
  std::string said;
  diagnose(loader, [&](const char* line) { said.append(line).append("\n"); });
  EXPECT_THAT(said, HasSubstr("died of signal 6"));
  EXPECT_THAT(said, HasSubstr("ok: version 1.2.3, 1 device, Fixture 1000"));
  EXPECT_EQ(of_name(loader, "good")[1].state, TN_CANDIDATE_FOUND);
  EXPECT_EQ(loader.open("good").device_count(), 1u);
}

TEST(Shadow, TheFirstReasonIsToldWhenNoneWorks) {
  const TemporaryFolder one;
  const TemporaryFolder two;
  one.manifest("refuses", fixture("refuses"));
  two.manifest("refuses", "/nowhere/librefuses.so");
  const tenon::Loader loader(std::vector<std::string>{one.path(), two.path()});
  try {
    loader.open("refuses");
    FAIL();
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), TN_VERSION_MISMATCH);
    EXPECT_THAT(error.message(), HasSubstr("needs host 9.9"));
  }
}

}  // namespace
