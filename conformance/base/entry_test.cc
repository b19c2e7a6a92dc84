// SPDX-License-Identifier: Apache-2.0
//
// The plugin's one symbol, and the versions that it agrees on.
#include <dlfcn.h>

#include "suite/fixture.h"
#include "suite/text.h"

namespace tenon::conformance {
namespace {

class Entry : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = Target::get().library();
    ASSERT_FALSE(path.empty()) << "the loader does not say where the library is";
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    entry_ = reinterpret_cast<tn_plugin_entry_fn>(::dlsym(library, TN_PLUGIN_ENTRY_NAME));
    ASSERT_NE(entry_, nullptr) << path << " does not export " << TN_PLUGIN_ENTRY_NAME;
    host_.struct_size = sizeof(host_);
    host_.abi_major = TN_ABI_MAJOR;
    host_.abi_minor = TN_ABI_MINOR;
    host_.abi_hash = TN_ABI_HASH;
    host_.log = [](void*, tn_log_level, const char*, const char*) {};
    host_.parallelism = [](void*) { return int32_t{1}; };
    host_.parallel_for = [](void*, int64_t count, int64_t, tn_parallel_body body, void* user) {
      if (count > 0) body(user, 0, count, 0);
    };
    plugin_.struct_size = sizeof(plugin_);
  }

  tn_plugin_entry_fn entry_ = nullptr;
  tn_host host_{};
  tn_plugin plugin_{};
};

TEST_F(Entry, TN_entry_001_says_what_it_is) {
  ASSERT_OK(entry_, &host_, &plugin_);
  EXPECT_EQ(plugin_.abi_major, static_cast<uint32_t>(TN_ABI_MAJOR));
  ASSERT_NE(plugin_.functions, nullptr) << "the entry gives no table of functions";
  EXPECT_GE(plugin_.functions->struct_size, 2 * sizeof(void*));
  const std::string name(plugin_.name, strnlen(plugin_.name, sizeof(plugin_.name)));
  ASSERT_LT(name.size(), sizeof(plugin_.name)) << "the name has no end";
  EXPECT_FALSE(name.empty());
  EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-"), std::string::npos)
      << name << " has characters that no namespace may have";
  EXPECT_EQ(fault_of_text(plugin_.version), "") << "the version";
}

TEST_F(Entry, TN_entry_002_may_be_called_again) {
  tn_plugin again{};
  again.struct_size = sizeof(again);
  ASSERT_OK(entry_, &host_, &plugin_);
  ASSERT_OK(entry_, &host_, &again);
  EXPECT_EQ(plugin_.functions, again.functions);
  EXPECT_EQ(std::memcmp(plugin_.name, again.name, sizeof(again.name)), 0);
}

TEST_F(Entry, TN_entry_004_accepts_every_host_of_its_major_version) {
  host_.abi_hash ^= 1;
  for (const uint32_t minor : {0u, TN_ABI_MINOR + 1u, UINT32_MAX}) {
    host_.abi_minor = minor;
    EXPECT_EQ(entry_(&host_, &plugin_, nullptr), TN_OK) << "a host of ABI minor " << minor;
  }
}

TEST_F(Entry, TN_entry_005_refuses_another_major_version) {
  host_.abi_major = TN_ABI_MAJOR + 1;
  EXPECT_FAILS(TN_VERSION_MISMATCH, entry_, &host_, &plugin_);
}

TEST_F(Entry, TN_entry_006_has_all_functions_that_are_needed) {
  ASSERT_OK(entry_, &host_, &plugin_);
  ASSERT_NE(plugin_.functions, nullptr) << "the entry gives no table of functions";
  const tn_dispatch& table = *plugin_.functions;
#define TN_NEEDED_SLOT(name)                                                           \
  EXPECT_TRUE(table.struct_size >= offsetof(tn_dispatch, name) + sizeof(table.name) && \
              table.name != nullptr)                                                   \
      << "the plugin's table has no " #name;
#include "suite/needed_slots.inc"
}

TEST_F(Entry, TN_struct_003_writes_no_more_than_the_caller_has) {
  struct {
    alignas(tn_plugin) unsigned char bytes[sizeof(tn_plugin)];
  } small;
  std::memset(small.bytes, 0xa5, sizeof(small.bytes));
  auto* plugin = reinterpret_cast<tn_plugin*>(small.bytes);
  plugin->struct_size = offsetof(tn_plugin, version);
  entry_(&host_, plugin, nullptr);
  EXPECT_EQ(plugin->struct_size, offsetof(tn_plugin, version));
  for (size_t i = offsetof(tn_plugin, version); i < sizeof(small.bytes); ++i) {
    ASSERT_EQ(small.bytes[i], 0xa5) << "byte " << i;
  }
}

}  // namespace
}  // namespace tenon::conformance
