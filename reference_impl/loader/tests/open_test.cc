// SPDX-License-Identifier: Apache-2.0
//
// Finding and opening plugins that work.
#include <gmock/gmock.h>

#include <cstring>

#include "files.h"
#include "fixtures/good.h"
#include "tenon/tenon.hpp"

namespace {

using testing::HasSubstr;
using Paths = std::vector<std::string>;

tn_status status_of(const std::function<void()>& body) {
  try {
    body();
    return TN_OK;
  } catch (const tenon::Error& error) {
    return error.status();
  }
}

TEST(Open, ByNameManifestAndLibraryIsOneInstance) {
  const TemporaryFolder folder;
  const std::string manifest = folder.manifest("good", fixture("good"));
  const tenon::Loader loader(Paths{folder.path()});
  const tenon::Instance instance = loader.open("good");
  EXPECT_STREQ(instance.name(), "good");
  EXPECT_STREQ(instance.version(), "1.2.3");
  EXPECT_EQ(loader.open(manifest).get(), instance.get());
  EXPECT_EQ(loader.open(fixture("good")).get(), instance.get());
}

TEST(Open, LibraryPathLeadsPastAWrongManifest) {
  const TemporaryFolder folder;
  folder.manifest("other", fixture("good"));
  const tenon::Loader loader(Paths{folder.path()});
  EXPECT_EQ(status_of([&] { loader.open("other"); }), TN_LOAD_FAILED);
  const tenon::Instance instance = loader.open(fixture("good"));
  EXPECT_STREQ(instance.name(), "good");
  EXPECT_EQ(loader.open(fixture("good")).get(), instance.get());
}

TEST(Open, LibraryWithoutManifestTellsItsName) {
  const tenon::Loader loader(Paths{fixture("good")});
  EXPECT_STREQ(loader.candidates().front().name, "") << "nothing is opened by searching";
  EXPECT_STREQ(loader.open("good").name(), "good");
  EXPECT_STREQ(loader.candidates().front().name, "good");
  EXPECT_EQ(loader.candidates().front().state, TN_CANDIDATE_OPEN);
}

TEST(Open, RelativeLibraryIsRelativeToTheManifest) {
  const TemporaryFolder folder;
  std::filesystem::copy(fixture("good"), folder.path("libgood.so"));
  folder.manifest("good", "libgood.so");
  EXPECT_STREQ(tenon::Loader(Paths{folder.path()}).open("good").name(), "good");
}

TEST(Open, FirstOfANameWins) {
  const TemporaryFolder first;
  const TemporaryFolder second;
  first.manifest("good", fixture("good"));
  const std::string shadowed = second.manifest("good", "/nowhere.so");
  const tenon::Loader loader(Paths{first.path(), second.path()});
  EXPECT_TRUE(loader.open("good"));
  EXPECT_EQ(loader.candidates()[1].state, TN_CANDIDATE_SHADOWED);
  EXPECT_EQ(loader.candidates()[1].manifest, shadowed);
}

TEST(Open, ListedLibraryShadowsLaterManifest) {
  const TemporaryFolder folder;
  folder.manifest("good", "/nowhere.so");
  const tenon::Loader loader(Paths{fixture("good"), folder.path()});
  EXPECT_TRUE(loader.open("good"));
  EXPECT_EQ(loader.candidates()[1].state, TN_CANDIDATE_SHADOWED);
}

// Else `good:0` would mean two devices.
TEST(Open, TwoOfANameAreNotOpenTogether) {
  const TemporaryFolder folder;
  const std::string copy = folder.path("libcopy.so");
  std::filesystem::copy(fixture("good"), copy);
  const tenon::Loader loader;
  EXPECT_TRUE(loader.open(fixture("good")));
  try {
    loader.open(copy);
    FAIL() << "both are open";
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), TN_INVALID_STATE);
    EXPECT_THAT(
        error.message(),
        testing::StartsWith(copy + ": a plugin 'good' is open already, from " + fixture("good")));
  }
  EXPECT_TRUE(loader.open("good")) << "the first stays";
  EXPECT_TRUE(tenon::Loader().open(copy)) << "another loader may have it";
}

// Whatever is named by a path that depends on the present folder.
TEST(Open, RelativePathsOutliveAChangeOfFolder) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("plugins"));
  std::filesystem::copy(fixture("good"), folder.path("plugins/libgood.so"));
  folder.write("plugins/good.tenon.json",
               R"({"tenon_manifest": 1, "name": "good", "library": "libgood.so"})");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const tenon::Loader by_folder(Paths{"plugins"});
  const tenon::Loader by_library(Paths{"plugins/libgood.so"});
  setenv("TENON_PLUGIN_PATH", "plugins/good.tenon.json", 1);
  const tenon::Loader by_variable;
  unsetenv("TENON_PLUGIN_PATH");
  const tenon::Loader by_path;
  EXPECT_TRUE(by_path.open("./plugins/libgood.so"));
  std::filesystem::current_path(before);
  EXPECT_TRUE(by_folder.open("good"));
  EXPECT_TRUE(by_library.open("good"));
  EXPECT_TRUE(by_variable.open("good"));
  EXPECT_TRUE(by_path.open(folder.path("plugins/libgood.so"))) << "the same candidate";
}

// Of what a manifest says it is for: the library is not touched.
TEST(Open, OfAnotherMachineSaysSo) {
  const TemporaryFolder folder;
  folder.manifest("good", fixture("good"), R"(, "platforms": ["macos-aarch64"])");
  folder.manifest("acme", fixture("good"), R"(, "abi": "9.9")");
  const tenon::Loader loader(Paths{folder.path()});
  EXPECT_EQ(status_of([&] { loader.open("good"); }), TN_LOAD_FAILED);
  EXPECT_EQ(status_of([&] { loader.open("acme"); }), TN_VERSION_MISMATCH);
  EXPECT_TRUE(loader.open(fixture("good"))) << "a library's path leads past manifests";
}

TEST(Open, UnknownNameListsWhatThereIs) {
  const TemporaryFolder folder;
  folder.manifest("good", fixture("good"));
  const tenon::Loader loader(Paths{folder.path(), "/nowhere/plugins"});
  try {
    loader.open("bad");
    FAIL();
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), TN_NOT_FOUND);
    EXPECT_THAT(error.message(), HasSubstr("no plugin 'bad'"));
    EXPECT_THAT(error.message(), HasSubstr("good"));
    EXPECT_THAT(error.message(), HasSubstr(folder.path()));
    EXPECT_THAT(error.message(), HasSubstr("/nowhere/plugins (does not exist)"));
  }
}

// It may be the very one that was wanted.
TEST(Open, UnknownNameTellsWhichManifestsCannotBeRead) {
  const TemporaryFolder folder;
  const std::string path = folder.write("acme.tenon.json", "{\n \"name\": oops\n}");
  const tenon::Loader loader(Paths{folder.path()});
  try {
    loader.open("acme");
    FAIL();
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), TN_NOT_FOUND);
    EXPECT_THAT(error.message(), HasSubstr("cannot be read: " + path));
    EXPECT_THAT(error.message(), HasSubstr("line 2"));
  }
}

TEST(Open, LoaderDestroysAnInstanceOnceHoweverOftenItWasOpened) {
  const FixtureCounters* counters = nullptr;
  int before = 0;
  {
    const tenon::Loader loader;
    const tenon::Instance first = loader.open(fixture("good"));
    EXPECT_EQ(loader.open("good").get(), first.get());
    counters = first.extension<FixtureCounters>(kFixtureExtension, 1);
    before = counters->instances_destroyed;
  }
  EXPECT_EQ(counters->instances_destroyed, before + 1) << "libraries stay loaded";
}

TEST(Open, ProbedInAChildFirst) {
  const TemporaryFolder folder;
  folder.manifest("good", fixture("good"), ", \"probe\": \"child\"");
  EXPECT_EQ(tenon::Loader(Paths{folder.path()}).open("good").device_info(0).total_memory, 1024u);
}

TEST(Open, BrokenManifestIsACandidateWithAReason) {
  const TemporaryFolder folder;
  const std::string path = folder.write("acme.tenon.json", "{\n \"name\": oops\n}");
  const tenon::Loader loader(Paths{folder.path()});
  ASSERT_EQ(loader.candidates().front().state, TN_CANDIDATE_FAILED);
  EXPECT_THAT(loader.candidates().front().error->message, HasSubstr(path + ": "));
  EXPECT_THAT(loader.candidates().front().error->message, HasSubstr("line 2"));
  EXPECT_EQ(status_of([&] { loader.open(path); }), TN_LOAD_FAILED);
}

TEST(Open, HostServicesReachThePluginWithTheLoadersVersion) {
  tn_host host{};
  host.struct_size = sizeof(host);
  const tenon::Loader loader({}, &host);
  EXPECT_EQ(loader.open(fixture("good")).device_count(), 1u);
}

// Of each field of what hosts hand to libtenon itself.
TEST(Open, TN_enum_001_struct_006_what_libtenon_does_not_know) {
  const tenon::Loader loader;
  const auto expect_unknown = [&](const tn_open_desc& desc, const char* field) {
    auto* instance = reinterpret_cast<tn_instance*>(1);
    tenon::ErrorBuffer error;
    EXPECT_EQ(tn_loader_open(loader.get(), fixture("good").c_str(), &desc, &instance, &error),
              TN_UNSUPPORTED);
    EXPECT_EQ(instance, nullptr);
    EXPECT_EQ(error.argument, std::string("desc->") + field) << error.message;
  };
#define TN_LOADER_BITS(type, field, known)                  \
  for (uint32_t bit = 1; bit != 0; bit <<= 1) {             \
    type desc{};                                            \
    desc.struct_size = sizeof(desc);                        \
    desc.field = bit;                                       \
    if (((known) & bit) == 0) expect_unknown(desc, #field); \
  }
#define TN_LOADER_RESERVED(type, field) \
  {                                     \
    type desc{};                        \
    desc.struct_size = sizeof(desc);    \
    desc.field = 1;                     \
    expect_unknown(desc, #field);       \
  }
#include "conformance/suite/fields.inc"
}

TEST(Open, TN_instance_008_an_option_is_given_once) {
  const tenon::Loader loader;
  const tn_option options[] = {{"level", "1"}, {"other", "1"}, {"level", "1"}};
  tn_open_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.options = options;
  desc.option_count = 3;
  tn_instance* instance = nullptr;
  tenon::ErrorBuffer error;
  EXPECT_EQ(tn_loader_open(loader.get(), fixture("good").c_str(), &desc, &instance, &error),
            TN_INVALID_ARGUMENT);
  EXPECT_STREQ(error.argument, "desc->options[2]");
  EXPECT_NE(std::string(error.message).find("level"), std::string::npos) << error.message;
}

// What runs of recorded hosts is tests/compat/recorded.py.
TEST(Open, TN_version_003_a_host_of_another_header) {
  static_assert(TN_ABI_MAJOR == 0, "from 1.0 on both are accepted");
  struct {
    tn_loader_desc desc;
    uint64_t later;
  } of_host{};
  for (const size_t size : {sizeof(tn_loader_desc) - 2 * sizeof(void*), sizeof(of_host)}) {
    of_host.desc.struct_size = size;
    auto* loader = reinterpret_cast<tn_loader*>(1);
    tenon::ErrorBuffer error;
    testing::internal::CaptureStderr();
    EXPECT_EQ(tn_loader_create(&of_host.desc, &loader, &error), TN_VERSION_MISMATCH);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(loader, nullptr);
    EXPECT_THAT(error.message, HasSubstr("its tn_loader_desc has " + std::to_string(size)));
    EXPECT_THAT(log, HasSubstr(error.message)) << "its tn_error may be another one";
  }
}

TEST(Open, WrongArguments) {
  const tenon::Loader loader;
  tenon::ErrorBuffer error;
  tn_instance* instance = reinterpret_cast<tn_instance*>(1);
  EXPECT_EQ(tn_loader_open(loader.get(), nullptr, nullptr, &instance, &error), TN_INVALID_ARGUMENT);
  EXPECT_EQ(instance, nullptr);
  EXPECT_EQ(tn_loader_open(nullptr, "good", nullptr, &instance, &error), TN_INVALID_ARGUMENT);
  EXPECT_EQ(tn_loader_open(loader.get(), "good", nullptr, nullptr, &error), TN_INVALID_ARGUMENT);
  tn_candidate_info info{};
  info.struct_size = sizeof(info);
  EXPECT_EQ(tn_loader_candidate_info(loader.get(), 1000, &info, &error), TN_OUT_OF_RANGE);
  EXPECT_EQ(tn_loader_diagnose(loader.get(), nullptr, nullptr, &error), TN_INVALID_ARGUMENT);
  tn_loader_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.search_path_count = 1;
  tn_loader* made = reinterpret_cast<tn_loader*>(1);
  EXPECT_EQ(tn_loader_create(&desc, &made, &error), TN_INVALID_ARGUMENT);
  EXPECT_EQ(made, nullptr);
  tn_loader_destroy(nullptr);
}

}  // namespace
