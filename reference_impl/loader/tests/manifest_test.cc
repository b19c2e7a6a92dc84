// SPDX-License-Identifier: Apache-2.0
#include "manifest.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "files.h"
#include "platform.h"
#include "tenon/tenon_plugin.hpp"

namespace {

using tenon::loader::Manifest;
using tenon::loader::read_manifest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Manifest read(const std::string& content) {
  const TemporaryFolder folder;
  return read_manifest(folder.write("acme.tenon.json", content));
}

// The message for a manifest that is refused, without its path.
std::string refusal(const std::string& content) {
  const TemporaryFolder folder;
  const std::string path = folder.write("acme.tenon.json", content);
  try {
    read_manifest(path);
  } catch (const tenon::plugin::Failure& failure) {
    EXPECT_EQ(failure.error.code, TN_LOAD_FAILED);
    EXPECT_THAT(failure.error.message, StartsWith(path + ":")) << "the file comes first";
    return failure.error.message + path.size();
  }
  return "accepted";
}

TEST(Manifest, Whole) {
  const Manifest manifest = read(
      R"({"tenon_manifest": 1, "name": "acme.npu-2", "library": "/opt/libacme.so",
          "description": "Acme", "probe": "child"})");
  EXPECT_EQ(manifest.name, "acme.npu-2");
  EXPECT_EQ(manifest.library, "/opt/libacme.so");
  EXPECT_EQ(manifest.description, "Acme");
  EXPECT_TRUE(manifest.probe_in_child);
  EXPECT_THAT(manifest.unknown_keys, ElementsAre());
}

TEST(Manifest, SaysWhatItIsFor) {
  const std::string abi = std::to_string(TN_ABI_MAJOR) + "." + std::to_string(TN_ABI_MINOR);
  const Manifest manifest = read(
      R"({"tenon_manifest": 1, "name": "a", "library": "l", "license": "MIT OR Apache-2.0", "abi": ")" +
      abi + R"(", "platforms": ["windows-aarch64", ")" + tenon::loader::kPlatform +
      R"("], "features": ["fp8", "peer"]})");
  EXPECT_EQ(manifest.license, "MIT OR Apache-2.0");
  EXPECT_THAT(manifest.features, ElementsAre("fp8", "peer"));
  EXPECT_THAT(manifest.unknown_keys, ElementsAre());
  EXPECT_EQ(manifest.misfit.code, TN_OK) << manifest.misfit.message;
}

TEST(Manifest, OfAnotherMachineOrVersionKeepsItsName) {
  const auto misfit = [](const std::string& key) {
    const Manifest manifest =
        read(R"({"tenon_manifest": 1, "name": "acme", "library": "l", )" + key + "}");
    EXPECT_EQ(manifest.name, "acme");
    return manifest.misfit;
  };
  EXPECT_EQ(misfit(R"("abi": "7.1")").code, TN_VERSION_MISMATCH);
  EXPECT_THAT(misfit(R"("abi": "7.1")").message, HasSubstr("built for Tenon ABI 7.1"));
  EXPECT_EQ(misfit(R"("abi": "0.1")").code, TN_VERSION_MISMATCH);
  for (const char* text : {"2", "2.", ".2", "0.2.1", "v0.2", "0.2 ", "-0.2", "4294967296.0"}) {
    EXPECT_THAT(misfit(R"("abi": ")" + std::string(text) + '"').message,
                HasSubstr("\"abi\" must be \"MAJOR.MINOR\""));
  }
  EXPECT_EQ(misfit(R"("platforms": ["macos-aarch64", "beos-ppc"])").code, TN_LOAD_FAILED);
  EXPECT_THAT(misfit(R"("platforms": ["macos-aarch64", "beos-ppc"])").message,
              HasSubstr(std::string("is for macos-aarch64, beos-ppc, but this is ") +
                        tenon::loader::kPlatform));
}

TEST(Manifest, Smallest) {
  const Manifest manifest = read(R"({"tenon_manifest": 1, "name": "a", "library": "liba.so"})");
  EXPECT_THAT(manifest.library, testing::EndsWith("/liba.so"));
  EXPECT_THAT(manifest.library, StartsWith("/"));
  EXPECT_FALSE(manifest.probe_in_child);
}

TEST(Manifest, UnknownKeysAreReported) {
  EXPECT_THAT(
      read(R"({"tenon_manifest": 1, "name": "a", "library": "l", "prob": "child"})").unknown_keys,
      ElementsAre("prob"));
}

TEST(Manifest, BadJsonNamesLineAndColumn) {
  EXPECT_THAT(refusal("{\n  \"name\": oops\n}"), HasSubstr("line 2, column 11"));
  EXPECT_THAT(refusal(""), HasSubstr("line 1, column 1"));
  EXPECT_THAT(refusal("{\"name\": \"\xff\"}"),
              HasSubstr("ill-formed UTF-8 byte; last read: '\"?'"));
}

TEST(Manifest, WrongContentNamesTheKey) {
  EXPECT_THAT(refusal("[]"), HasSubstr("JSON object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("\"tenon_manifest\" must be"));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 2})"), HasSubstr("is 2, and this loader knows 1"));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 1})"), HasSubstr("\"name\" is missing"));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 1, "name": 3})"), HasSubstr("\"name\" must be"));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 1, "name": "Acme"})"), HasSubstr("lower case"));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 1, "name": ")" + std::string(64, 'a') + "\"}"),
              HasSubstr("at most 63"));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 1, "name": "a"})"), HasSubstr("\"library\" is"));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 1, "name": "a", "library": ""})"),
              HasSubstr("not empty"));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 1, "name": "a", "library": "l", "probe": "no"})"),
              HasSubstr("\"probe\" must be"));
  for (const std::string key : {"abi", "license"}) {
    EXPECT_THAT(
        refusal(R"({"tenon_manifest": 1, "name": "a", "library": "l", ")" + key + "\": 0.2}"),
        HasSubstr('"' + key + "\" must be a string"));
  }
  for (const std::string key : {"platforms", "features"}) {
    for (const std::string value : {"\"linux\"", "[1]", "{}"}) {
      EXPECT_THAT(refusal(R"({"tenon_manifest": 1, "name": "a", "library": "l", ")" + key +
                          "\": " + value + "}"),
                  HasSubstr('"' + key + "\" must be a list of strings"));
    }
  }
}

TEST(Manifest, WhatAManifestCannotBe) {
  EXPECT_THAT(refusal(std::string(100, '[') + std::string(100, ']')), HasSubstr("16 deep"));
  EXPECT_THAT(refusal(R"({"name": "a", "tenon_manifest": 1, "name": "b"})"),
              HasSubstr("stands there twice: \"name\""));
  EXPECT_THAT(refusal(R"({"tenon_manifest": 1, "name": "a", "library": "l\u0000x"})"),
              HasSubstr("\"library\" has a zero within"));
  EXPECT_THAT(refusal(std::string((1 << 20) + 1, ' ')), HasSubstr("larger than a mebibyte"));
}

// Opening one of these would wait for ever, or read without an end.
TEST(Manifest, WhatIsNoRegularFile) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& path) -> std::string {
    try {
      read_manifest(path);
    } catch (const tenon::plugin::Failure& failure) {
      return failure.error.message;
    }
    return "accepted";
  };
  std::filesystem::create_directory(folder.path("d.tenon.json"));
  EXPECT_THAT(refused(folder.path("d.tenon.json")), HasSubstr("a folder"));
  ASSERT_EQ(mkfifo(folder.path("p.tenon.json").c_str(), 0600), 0);
  EXPECT_THAT(refused(folder.path("p.tenon.json")), HasSubstr("a pipe"));
  std::filesystem::create_symlink("/dev/zero", folder.path("z.tenon.json"));
  EXPECT_THAT(refused(folder.path("z.tenon.json")), HasSubstr("a device"));
  std::filesystem::create_symlink("/nowhere", folder.path("n.tenon.json"));
  EXPECT_THAT(refused(folder.path("n.tenon.json")), HasSubstr("a link to a file"));
  std::filesystem::create_symlink(folder.path("l.tenon.json"), folder.path("l.tenon.json"));
  EXPECT_THAT(refused(folder.path("l.tenon.json")), HasSubstr("symbolic links"));
}

TEST(Manifest, MissingFile) {
  EXPECT_THROW(read_manifest("/nowhere/a.tenon.json"), tenon::plugin::Failure);
}

}  // namespace
