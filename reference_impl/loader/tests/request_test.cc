// SPDX-License-Identifier: Apache-2.0
//
// Opening with a description: options of the instance, versions, a child that tries first; and
// plugins that are linked into the process.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include "files.h"
#include "fixtures/good.h"
#include "tenon/tenon.hpp"

namespace {

using testing::HasSubstr;
using Paths = std::vector<std::string>;

tn_open_desc open_desc() {
  tn_open_desc desc{};
  desc.struct_size = sizeof(desc);
  return desc;
}

// What opening fails with; empty when it does not.
struct Refusal {
  tn_status status = TN_OK;
  std::string message;
};
Refusal refusal(const tenon::Loader& loader, const char* plugin, const tn_open_desc& desc) {
  tn_instance* instance = nullptr;
  tenon::ErrorBuffer error;
  const tn_status status = tn_loader_open(loader.get(), plugin, &desc, &instance, &error);
  EXPECT_EQ(instance == nullptr, status != TN_OK);
  return {status, error.message};
}

// The entry of a fixture, as if it were a part of this program.
tn_plugin_entry_fn entry_of(const std::string& name) {
  void* handle = dlopen(fixture(name).c_str(), RTLD_NOW | RTLD_LOCAL);
  return reinterpret_cast<tn_plugin_entry_fn>(dlsym(handle, TN_PLUGIN_ENTRY_NAME));
}

TEST(Request, OptionsReachTheInstance) {
  const tenon::Loader loader(Paths{fixture("good")});
  const tn_option option{"mode", "quiet"};
  tn_open_desc desc = open_desc();
  desc.options = &option;
  desc.option_count = 1;
  const tenon::Instance instance = loader.open("good", &desc);
  EXPECT_STREQ(instance.extension<FixtureCounters>(kFixtureExtension, 1)->mode, "quiet");
  EXPECT_EQ(loader.open("good", &desc).get(), instance.get());
  const Refusal other = refusal(loader, "good", open_desc());
  EXPECT_EQ(other.status, TN_INVALID_STATE);
  EXPECT_THAT(other.message, HasSubstr("open with other options"));
}

TEST(Request, OptionsThatItDoesNotTakeLeaveThePluginAsItWas) {
  const tenon::Loader loader(Paths{fixture("good")});
  const tn_option options[] = {{"mood", "1"}, {"mood", "2"}};
  tn_open_desc desc = open_desc();
  desc.options = options;
  desc.option_count = 1;
  const Refusal unknown = refusal(loader, "good", desc);
  EXPECT_EQ(unknown.status, TN_INVALID_ARGUMENT);
  EXPECT_THAT(unknown.message, HasSubstr("mood"));
  desc.option_count = 2;
  const Refusal twice = refusal(loader, "good", desc);
  EXPECT_EQ(twice.status, TN_INVALID_ARGUMENT);
  EXPECT_THAT(twice.message, HasSubstr("twice"));
  EXPECT_STREQ(loader.open("good").name(), "good");
}

TEST(Request, VersionsAreComparedNumberByNumber) {
  const tenon::Loader loader(Paths{fixture("good")});  // 1.2.3
  const auto status = [&](const char* min, const char* below) {
    tn_open_desc desc = open_desc();
    desc.min_version = min;
    desc.below_version = below;
    return refusal(loader, "good", desc).status;
  };
  for (const bool open : {false, true}) {
    EXPECT_EQ(status("1.10", nullptr), TN_VERSION_MISMATCH) << open;
    EXPECT_EQ(status("1.2.4", nullptr), TN_VERSION_MISMATCH) << open;
    EXPECT_EQ(status(nullptr, "1.2.3"), TN_VERSION_MISMATCH) << open;
    EXPECT_EQ(status("", "1.2"), TN_VERSION_MISMATCH) << open;
    if (open) break;
    EXPECT_EQ(status("1.2.3", "1.10"), TN_OK);
  }
  EXPECT_EQ(status("1.2", "2"), TN_OK);
  EXPECT_EQ(status("0.9", "1.2.3.1"), TN_OK);
  tn_open_desc desc = open_desc();
  desc.min_version = "2";
  desc.below_version = "3";
  const std::string message = refusal(loader, "good", desc).message;
  EXPECT_THAT(message, HasSubstr("version 1.2.3, asked for was at least 2 and below 3"));
}

TEST(Request, AChildTriesFirstWhenTheHostAsks) {
  const TemporaryFolder folder;
  folder.manifest("create-abort", fixture("create_abort"));
  folder.manifest("good", fixture("good"));
  const tenon::Loader loader(Paths{folder.path()});
  tn_open_desc desc = open_desc();
  desc.flags = TN_OPEN_PROBE;
  const Refusal aborted = refusal(loader, "create-abort", desc);  // Here it would end the test.
  EXPECT_EQ(aborted.status, TN_LOAD_FAILED);
  EXPECT_THAT(aborted.message, HasSubstr("signal"));
  EXPECT_STREQ(loader.open("good", &desc).name(), "good");
  desc.flags = 1u << 30;
  const Refusal unknown = refusal(loader, "good", desc);
  EXPECT_EQ(unknown.status, TN_UNSUPPORTED);
  EXPECT_THAT(unknown.message, HasSubstr("0x40000000"));
}

TEST(Request, LinkedInPluginsComeFirst) {
  const TemporaryFolder folder;
  folder.manifest("good", fixture("good"));
  const tn_plugin_entry_fn entries[] = {entry_of("short_table"), entry_of("good"),
                                        entry_of("wrong_major")};
  const tenon::Loader loader(Paths{folder.path()}, nullptr, nullptr, entries);
  const auto candidates = loader.candidates();
  ASSERT_GE(candidates.size(), 4u);
  EXPECT_STREQ(candidates[0].name, "short-table");
  EXPECT_STREQ(candidates[0].library, "");
  EXPECT_EQ(candidates[2].state, TN_CANDIDATE_FAILED);
  EXPECT_EQ(candidates[2].error->code, TN_VERSION_MISMATCH);
  const tenon::Instance instance = loader.open("good");
  EXPECT_EQ(instance.device_count(), 1u);
  EXPECT_EQ(loader.candidates()[1].state, TN_CANDIDATE_OPEN);
  EXPECT_EQ(loader.candidates()[3].state, TN_CANDIDATE_SHADOWED) << "the file of the same name";
  EXPECT_STREQ(loader.open("short-table").name(), "short-table");
}

TEST(Request, EntriesThatAreNoneAreRefused) {
  tn_loader_desc desc{};
  desc.struct_size = sizeof(desc);
  const tn_plugin_entry_fn none = nullptr;
  desc.entry_count = 1;
  for (const tn_plugin_entry_fn* entries :
       {static_cast<const tn_plugin_entry_fn*>(nullptr), &none}) {
    desc.entries = entries;
    tn_loader* loader = nullptr;
    EXPECT_EQ(tn_loader_create(&desc, &loader, nullptr), TN_INVALID_ARGUMENT);
    EXPECT_EQ(loader, nullptr);
  }
}

}  // namespace
