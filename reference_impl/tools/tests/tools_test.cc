// SPDX-License-Identifier: Apache-2.0
//
// The command, run as people run it.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "files.h"

namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

struct Outcome {
  int exit_code;
  std::string output;
};

// A copy of the command in a place without any plugins.
std::string installed_command() {
  namespace fs = std::filesystem;
  static const TemporaryFolder prefix;
  static const bool copied = [] {
    const fs::path bin = fs::path(TENON_COMMAND).parent_path();
    // The runtime's libraries are there in builds with ONNX only.
    for (const char* file : {"bin/tenon", "bin/tenon-probe", "lib/libtenon.so",
                             "lib/libtenon_runtime.so", "lib/libtenon_onnx.so"}) {
      if (!fs::exists(bin.parent_path() / file)) continue;
      fs::create_directories(fs::path(prefix.path(file)).parent_path());
      fs::copy_file(bin.parent_path() / file, prefix.path(file));
    }
    return true;
  }();
  return copied ? prefix.path("bin/tenon") : "";
}

Outcome run(const std::string& arguments, const std::string& plugin_path = "") {
  const TemporaryFolder home;
  const std::string command = "env -u TENON_PROBE_TIMEOUT HOME=" + home.path() +
                              " XDG_DATA_HOME= TENON_PLUGIN_PATH=" + plugin_path + " " +
                              installed_command() + " " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  Outcome result{-1, ""};
  char bytes[4096];
  while (const size_t got = fread(bytes, 1, sizeof(bytes), pipe)) result.output.append(bytes, got);
  const int status = pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

TEST(Tools, PathOfTheStandard) {
  const std::string command = std::string(TENON_COMMAND) + " path spec";
  FILE* pipe = popen(command.c_str(), "r");
  char path[4096] = "";
  ASSERT_NE(fgets(path, sizeof(path), pipe), nullptr);
  EXPECT_EQ(pclose(pipe), 0);
  const std::filesystem::path folder = std::string(path, std::strcspn(path, "\n"));
  EXPECT_TRUE(std::filesystem::exists(folder / "README.md")) << folder;
  EXPECT_TRUE(std::filesystem::exists(folder / "../reference/operators.md")) << folder;

  // The copy is without it.
  const Outcome result = run("path spec");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("share/tenon/docs/spec/README.md is missing"));
}

TEST(Tools, Version) {
  const Outcome result = run("--version");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, ContainsRegex("^tenon [0-9.]+, ABI [0-9]+.[0-9]+ .hash [0-9a-f]+"));
}

TEST(Tools, WrongUsage) {
  EXPECT_NE(run("").exit_code, 0);
  EXPECT_NE(run("fly").exit_code, 0);
  EXPECT_NE(run("devices --fast").exit_code, 0);
}

TEST(Devices, Table) {
  const Outcome result = run("devices", fixture("good"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, ContainsRegex("good:0 +accelerator +Fixture 1000 +0.0 GiB +Acme"));
}

TEST(Devices, JsonAlsoNamesFailures) {
  const Outcome result = run("devices --json", fixture("good") + ":" + fixture("wrong_hash"));
  EXPECT_EQ(result.exit_code, 0);
  const auto json = nlohmann::json::parse(result.output);
  const auto& device = json["devices"][0];
  EXPECT_EQ(device["plugin"], "good");
  EXPECT_EQ(device["name"], "Fixture 1000");
  EXPECT_EQ(device["total_memory"], 1024);
  EXPECT_EQ(device["uuid"], "00000000-0000-0000-0000-000000000000");
  EXPECT_THAT(json["failed"][0]["reason"].get<std::string>(), HasSubstr("hash"));
}

TEST(Doctor, NamesEveryPathResultAndReasonAndGoesOn) {
  const TemporaryFolder folder;
  const std::string missing = folder.manifest("missing", "/nowhere/libacme.so");
  folder.manifest("aborts", fixture("aborts"));
  folder.manifest("no-device", fixture("no_device"));
  folder.manifest("zgood", fixture("good"));
  folder.write("broken.tenon.json", "{");
  const Outcome result = run("doctor", folder.path() + ":" + fixture("good"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(
      result.output,
      AllOf(HasSubstr("searched TENON_PLUGIN_PATH " + folder.path() + ": 5 manifests"),
            HasSubstr("searched system /usr/share/tenon/plugins: "),
            HasSubstr(missing + " -> /nowhere/libacme.so: failed (TN_NOT_FOUND): no such file; "
                                "install the plugin or correct the path"),
            HasSubstr("died of signal 6"), HasSubstr("no device: no Acme card in this machine"),
            HasSubstr("broken.tenon.json: parse error at line 1"),
            HasSubstr("its manifest calls it 'zgood', but the plugin says 'good'"),
            HasSubstr("ok: version 1.2.3, 1 device, Fixture 1000"), ContainsRegex("[1-9] usable")));
}

TEST(Doctor, ExitCodeSaysThatNothingIsUsable) {
  const Outcome result = run("doctor", fixture("no_device"));
  EXPECT_EQ(result.exit_code, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("\n0 usable devices"));
}

}  // namespace
