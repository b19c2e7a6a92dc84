// SPDX-License-Identifier: Apache-2.0
//
// Each bad plugin is refused with a reason that names what is wrong, and the host goes on.
#include <elf.h>
#include <gmock/gmock.h>

#include <chrono>
#include <vector>

#include "files.h"
#include "tenon/tenon.hpp"

namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

// A loader that sees one manifest, of plugin `name` in `library`.
struct Found {
  TemporaryFolder folder;
  tenon::Loader loader;

  Found(const std::string& name, const std::string& library, const std::string& more = "")
      : loader(std::vector<std::string>{folder.manifest(name, library, more)}) {}

  tn_candidate_info candidate(const std::string& name) const {
    for (const tn_candidate_info& info : loader.candidates()) {
      if (info.name == name) return info;
    }
    throw std::runtime_error("no candidate " + name);
  }
  std::vector<std::string> diagnose() const {
    std::vector<std::string> lines;
    tenon::call(
        tn_loader_diagnose, loader.get(),
        +[](void* user, const char* line) {
          static_cast<std::vector<std::string>*>(user)->push_back(line);
        },
        static_cast<void*>(&lines));
    return lines;
  }
};

// Opening `name` fails with this status and reason, so does a diagnosis, and a good plugin opens
// afterwards.
void expect_failure(const std::string& name, const std::string& library, tn_status status,
                    const std::string& reason, const std::string& more = "",
                    tn_candidate_state state = TN_CANDIDATE_FAILED) {
  const Found found(name, library, more);
  try {
    found.loader.open(name);
    ADD_FAILURE() << name << " opened";
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_THAT(error.message(), HasSubstr(reason));
    EXPECT_THAT(error.message(), HasSubstr(library)) << "the path belongs to the reason";
  }
  const tn_candidate_info info = found.candidate(name);
  EXPECT_EQ(info.state, state);
  ASSERT_NE(info.error, nullptr);
  EXPECT_EQ(info.error->code, status);
  EXPECT_THAT(info.error->message, HasSubstr(reason));

  EXPECT_THAT(found.diagnose(),
              Contains(AllOf(HasSubstr("plugin " + name), HasSubstr(library), HasSubstr(reason))));
  EXPECT_EQ(found.loader.open(fixture("good")).device_count(), 1u);
}

constexpr const char* kInChild = ", \"probe\": \"child\"";

TEST(BadPlugin, Missing) {
  expect_failure("acme", "/nowhere/libacme.so", TN_NOT_FOUND, "no such file");
}

TEST(BadPlugin, Folder) { expect_failure("acme", "/usr", TN_LOAD_FAILED, "not a regular file"); }

TEST(BadPlugin, TextFile) {
  const TemporaryFolder folder;
  expect_failure("acme", folder.write("libacme.so", "version https://git-lfs"), TN_LOAD_FAILED,
                 "no ELF header");
}

TEST(BadPlugin, Empty) {
  const TemporaryFolder folder;
  expect_failure("acme", folder.write("libacme.so", ""), TN_LOAD_FAILED, "no ELF header");
}

TEST(BadPlugin, TruncatedAnywhere) {
  const TemporaryFolder folder;
  const std::string whole = read_file(fixture("good"));
  for (const size_t size : {size_t{20}, size_t{100}, whole.size() / 4}) {
    expect_failure("acme", folder.write("libacme.so", whole.substr(0, size)), TN_LOAD_FAILED,
                   "truncated: it has " + std::to_string(size) + " bytes");
  }
}

TEST(BadPlugin, OtherArchitecture) {
  const TemporaryFolder folder;
  std::string bytes = read_file(fixture("good"));
  auto* header = reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  const bool on_x86 = header->e_machine == EM_X86_64;
  header->e_machine = on_x86 ? EM_AARCH64 : EM_X86_64;
  expect_failure("acme", folder.write("libacme.so", bytes), TN_LOAD_FAILED,
                 on_x86 ? "built for arm64, but this process is x86-64" : "built for x86-64");
}

TEST(BadPlugin, Program) {
  const TemporaryFolder folder;
  std::string bytes = read_file(fixture("good"));
  reinterpret_cast<Elf64_Ehdr*>(bytes.data())->e_type = ET_REL;
  expect_failure("acme", folder.write("libacme.so", bytes), TN_LOAD_FAILED, "not a shared library");
}

TEST(BadPlugin, WithoutSymbol) {
  expect_failure("no-symbol", fixture("no_symbol"), TN_LOAD_FAILED,
                 "does not export tn_plugin_entry");
}

TEST(BadPlugin, ThrowsInEntry) {
  expect_failure("throws-in-entry", fixture("throws_in_entry"), TN_LOAD_FAILED,
                 "tn_plugin_entry threw an exception: bad license");
}

TEST(BadPlugin, ThrowsInCreate) {
  expect_failure("throws-in-create", fixture("throws_in_create"), TN_LOAD_FAILED,
                 "instance_create threw an exception: no firmware");
  expect_failure("throws-odd", fixture("throws_odd"), TN_LOAD_FAILED,
                 "instance_create threw an exception of unknown type");
}

TEST(BadPlugin, TN_version_001_wrong_major) {
  expect_failure("wrong-major", fixture("wrong_major"), TN_VERSION_MISMATCH,
                 "built for Tenon ABI 7.");
}

TEST(BadPlugin, TN_version_001_wrong_hash) {
  expect_failure("wrong-hash", fixture("wrong_hash"), TN_VERSION_MISMATCH, "hash 0000000000001234");
}

TEST(BadPlugin, TN_version_001_refuses_the_host) {
  const std::string ours = std::to_string(TN_ABI_MAJOR) + "." + std::to_string(TN_ABI_MINOR);
  expect_failure("refuses", fixture("refuses"), TN_VERSION_MISMATCH,
                 "refuses this libtenon's ABI, which is " + ours);
  expect_failure("refuses", fixture("refuses"), TN_VERSION_MISMATCH, "It says: needs host 9.9");
}

TEST(BadPlugin, NoDevice) {
  expect_failure("no-device", fixture("no_device"), TN_NO_DEVICE, "no Acme card in this machine",
                 "", TN_CANDIDATE_NO_DEVICE);
  expect_failure("no-device", fixture("no_device"), TN_NO_DEVICE, "no Acme card in this machine",
                 kInChild, TN_CANDIDATE_NO_DEVICE);
  // What the driver answered is handed on.
  const tenon::Loader loader;
  tenon::ErrorBuffer error;
  tn_instance* instance = nullptr;
  EXPECT_EQ(tn_loader_open(loader.get(), fixture("no_device").c_str(), nullptr, &instance, &error),
            TN_NO_DEVICE);
  EXPECT_EQ(error.vendor_code, -4711);
  const Found in_child("no-device", fixture("no_device"), kInChild);
  EXPECT_EQ(tn_loader_open(in_child.loader.get(), "no-device", nullptr, &instance, &error),
            TN_NO_DEVICE);
  EXPECT_EQ(error.vendor_code, -4711);
}

// Hosts branch on the class: one that there is not must not reach them.
TEST(BadPlugin, StatusOutsideOfTheClasses) {
  expect_failure("odd-status", fixture("odd_status"), TN_INTERNAL,
                 "instance_create answered 0xffffffb3 without a message");
  expect_failure("odd-status", fixture("odd_status"), TN_INTERNAL,
                 "answered 0xffffffb3 without a message", kInChild);
}

TEST(BadPlugin, BrokenTables) {
  expect_failure("no-dispatch", fixture("no_dispatch"), TN_LOAD_FAILED, "dispatch pointer");
  expect_failure("no-table-size", fixture("no_table_size"), TN_LOAD_FAILED, "struct_size = 0");
  expect_failure("no-create", fixture("no_create"), TN_LOAD_FAILED,
                 "plugin 'no-create' has no function instance_create");
}

TEST(BadPlugin, OtherNameThanItsManifest) {
  expect_failure("acme", fixture("long_table"), TN_LOAD_FAILED, "the plugin says 'long-table'");
}

// In this process these three would end the test.
TEST(BadPlugin, AbortsAtLoad) {
  expect_failure("aborts", fixture("aborts"), TN_LOAD_FAILED, "died of signal 6", kInChild);
  expect_failure("aborts", fixture("aborts"), TN_LOAD_FAILED, "acme: assertion failed", kInChild);
}

TEST(BadPlugin, ExitsAtLoad) {
  expect_failure("exits", fixture("exits"), TN_LOAD_FAILED, "exit code 7", kInChild);
}

TEST(BadPlugin, HangsAtLoad) {
  setenv("TENON_PROBE_TIMEOUT", "0.2", 1);
  const auto begin = std::chrono::steady_clock::now();
  expect_failure("hangs", fixture("hangs"), TN_LOAD_FAILED, "did not answer within 0.2 s",
                 kInChild);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  unsetenv("TENON_PROBE_TIMEOUT");
}

// A diagnosis needs no manifest that asks for a child.
TEST(BadPlugin, DiagnosisSurvivesAnAbort) {
  const Found found("aborts", fixture("aborts"));
  EXPECT_THAT(found.diagnose(), Contains(HasSubstr("died of signal 6")));
  EXPECT_EQ(found.candidate("aborts").state, TN_CANDIDATE_FAILED);
}

}  // namespace
