// SPDX-License-Identifier: Apache-2.0
//
// Tables of extensions: those that tenon.h knows go through libtenon like all functions, others are
// handed through.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "fixtures/good.h"
#include "tenon/tenon.hpp"

namespace {

using testing::HasSubstr;

class Extensions : public testing::Test {
 protected:
  void open(const char* name) {
    instance_ = loader_.open(fixture(name));
    device_ = instance_.open_device(0);
    ASSERT_EQ(tn_stream_create(device_.get(), nullptr, &stream_, nullptr), TN_OK);
  }
  void TearDown() override { tn_stream_destroy(stream_); }

  const tn_peer_functions* peer() const {
    return instance_.extension<tn_peer_functions>(TN_EXTENSION_PEER, TN_EXTENSION_PEER_VERSION);
  }
  const FixtureCounters& counters() const {
    return *instance_.extension<FixtureCounters>(kFixtureExtension, 1);
  }

  const tenon::Loader loader_;
  tenon::Instance instance_;
  tenon::Device device_;
  tn_stream* stream_ = nullptr;
  tenon::ErrorBuffer error_;
};

TEST_F(Extensions, FunctionsOfAKnownOneReachThePlugin) {
  open("good");
  const tn_peer_functions* table = peer();
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->struct_size, sizeof(*table));
  const int before = counters().peer_waits;
  EXPECT_EQ(table->peer_wait_event(stream_, nullptr, &error_), TN_OK);
  EXPECT_EQ(tn_peer_wait_event(stream_, nullptr, &error_), TN_OK);
  EXPECT_EQ(counters().peer_waits, before + 2);
}

TEST_F(Extensions, AFunctionThatThePluginLeavesOutIsUnimplemented) {
  open("good");
  EXPECT_EQ(peer()->peer_copy(stream_, nullptr, 0, nullptr, 0, 0, &error_), TN_UNIMPLEMENTED);
  EXPECT_STREQ(error_.message, "plugin 'good' has no function peer_copy");
}

TEST_F(Extensions, WithoutTheExtensionItsFunctionsAreUnsupported) {
  open("long_table");
  EXPECT_EQ(peer(), nullptr);
  EXPECT_EQ(tn_peer_wait_event(stream_, nullptr, &error_), TN_UNSUPPORTED);
  EXPECT_STREQ(error_.message,
               "tn_peer_wait_event: plugin 'long-table' has no extension tenon.peer");
}

TEST_F(Extensions, NullIsAnErrorThatNamesTheFunction) {
  open("good");
  EXPECT_EQ(peer()->peer_wait_event(nullptr, nullptr, &error_), TN_INVALID_ARGUMENT);
  EXPECT_THAT(error_.message, testing::StartsWith("tn_peer_wait_event:"));
  const void* table = this;
  EXPECT_EQ(tn_instance_extension(instance_.get(), nullptr, 1, &table, &error_),
            TN_INVALID_ARGUMENT);
  EXPECT_EQ(table, nullptr);
  EXPECT_EQ(tn_instance_extension(instance_.get(), TN_EXTENSION_PEER, 1, nullptr, &error_),
            TN_INVALID_ARGUMENT);
}

TEST_F(Extensions, UnknownOnesAndUnknownVersionsAreThePluginsToAnswer) {
  open("good");
  const void* table = nullptr;
  ASSERT_EQ(tn_instance_extension(instance_.get(), kFixtureExtension, 1, &table, &error_), TN_OK);
  EXPECT_EQ(static_cast<const FixtureCounters*>(table)->struct_size, sizeof(FixtureCounters));
  EXPECT_EQ(tn_instance_extension(instance_.get(), TN_EXTENSION_PEER, 2, &table, &error_),
            TN_UNSUPPORTED);
  EXPECT_STREQ(error_.message, "no extension tenon.peer, version 2");
}

TEST_F(Extensions, ForkedChildrenAreRefused) {
  open("good");
  const tn_peer_functions* table = peer();
  const int before = counters().peer_waits;
  const FixtureCounters& seen = counters();
  const pid_t child = fork();
  if (child == 0) {
    int wrong = 0;
    if (table->peer_wait_event(stream_, nullptr, &error_) != TN_FORKED) wrong |= 1;
    if (strstr(error_.message, "tn_peer_wait_event") == nullptr) wrong |= 2;
    if (tn_peer_copy(stream_, nullptr, 0, nullptr, 0, 0, nullptr) != TN_FORKED) wrong |= 4;
    if (seen.peer_waits != before) wrong |= 8;
    _exit(wrong);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(table->peer_wait_event(stream_, nullptr, &error_), TN_OK) << "the parent goes on";
}

// Two libtenon of different versions may live in one process; where the other one keeps the tables
// of extensions is not known.
TEST_F(Extensions, HandlesOfAnotherVersionOfLibtenonAreRefused) {
  tn_dispatch table{};
  table.struct_size = sizeof(table);
  table.abi_major = TN_ABI_MAJOR;
  table.abi_minor = TN_ABI_MINOR + 1;
  tn_handle handle{&table};
  auto* stream = reinterpret_cast<tn_stream*>(&handle);
  EXPECT_EQ(tn_peer_wait_event(stream, nullptr, &error_), TN_INVALID_ARGUMENT);
  EXPECT_THAT(error_.message, HasSubstr("another libtenon in this process, of ABI 0."));
}

TEST_F(Extensions, ATableWithAnImpossibleSizeIsRefused) {
  try {
    loader_.open(fixture("bad_peer"));
    FAIL();
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), TN_LOAD_FAILED);
    EXPECT_THAT(error.message(), HasSubstr("its table of extension tenon.peer has a struct_size"));
  }
}

}  // namespace
