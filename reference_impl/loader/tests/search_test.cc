// SPDX-License-Identifier: Apache-2.0
#include "search.h"

#include <gmock/gmock.h>

#include <map>

#include "default_host.h"
#include "files.h"
#include "probe.h"
#include "tenon/tenon_plugin.hpp"

namespace {

using tenon::loader::Environment;
using tenon::loader::FoundFile;
using tenon::loader::search;
using tenon::loader::SearchResult;
using testing::ElementsAre;

Environment environment(std::map<std::string, std::string> variables, bool elevated = false) {
  Environment result;
  result.elevated = elevated;
  result.lookup = [variables = std::move(variables)](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found != variables.end() ? found->second.c_str() : nullptr;
  };
  return result;
}

// Those below the test's own folder: this machine may have plugins of its own.
std::vector<std::string> below(const TemporaryFolder& folder, const SearchResult& result) {
  std::vector<std::string> paths;
  for (const FoundFile& file : result.files) {
    const std::string path = file.manifest + file.library;
    if (path.starts_with(folder.path())) paths.push_back(path.substr(folder.path().size() + 1));
  }
  return paths;
}

struct Tree : TemporaryFolder {
  Tree() {
    for (const char* place : {"variable", "given", "prefix/lib", "prefix/share/tenon/plugins",
                              "data/tenon/plugins", "home/.local/share/tenon/plugins"}) {
      std::filesystem::create_directories(path(place));
      write(std::string(place) + "/x.tenon.json", "");
      write(std::string(place) + "/not-a-manifest.json", "");
    }
    write("variable/a.tenon.json", "");
    write("libbare.so", "");
  }
};

TEST(Search, OrderOfRules) {
  const Tree tree;
  const Environment variables = environment(
      {{"TENON_PLUGIN_PATH",
        ":" + tree.path("variable") + "::" + tree.path("libbare.so") + ":" + tree.path("none")},
       {"XDG_DATA_HOME", tree.path("data")},
       {"HOME", tree.path("home")}});
  const SearchResult result = search(variables, {tree.path("given")}, tree.path("prefix/lib"));
  EXPECT_THAT(below(tree, result),
              ElementsAre("variable/a.tenon.json", "variable/x.tenon.json", "libbare.so",
                          "given/x.tenon.json", "prefix/share/tenon/plugins/x.tenon.json",
                          "prefix/lib/x.tenon.json", "data/tenon/plugins/x.tenon.json"));
  EXPECT_EQ(result.files[0].origin, "TENON_PLUGIN_PATH");
  EXPECT_EQ(result.files[2].manifest, "");

  std::map<std::string, std::string> outcomes;
  for (const auto& step : result.steps) outcomes[step.path] = step.outcome;
  EXPECT_EQ(outcomes[tree.path("variable")], "2 manifests");
  EXPECT_EQ(outcomes[tree.path("given")], "1 manifest");
  EXPECT_EQ(outcomes[tree.path("none")], "does not exist");
  EXPECT_TRUE(outcomes.contains("/usr/share/tenon/plugins"));
}

// Activated, or the one that libtenon lies in; each place once.
TEST(Search, VirtualEnvironments) {
  const TemporaryFolder tree;
  const std::string inside = "lib/python3.11/site-packages/tenon/lib";
  for (const std::string place : {"venv", "conda", "active"}) {
    std::filesystem::create_directories(tree.path(place + "/share/tenon/plugins"));
    std::filesystem::create_directories(tree.path(place + "/" + inside));
    tree.write(place + "/share/tenon/plugins/x.tenon.json", "");
  }
  tree.write("venv/pyvenv.cfg", "");
  std::filesystem::create_directory(tree.path("conda/conda-meta"));

  EXPECT_THAT(below(tree, search(environment({}), {}, tree.path("venv/" + inside))),
              ElementsAre("venv/share/tenon/plugins/x.tenon.json"));
  EXPECT_THAT(below(tree, search(environment({}), {}, tree.path("conda/" + inside))),
              ElementsAre("conda/share/tenon/plugins/x.tenon.json"));
  EXPECT_THAT(below(tree, search(environment({}), {}, tree.path("active/" + inside))),
              ElementsAre());
  const std::map<std::string, std::string> active{{"VIRTUAL_ENV", tree.path("active")},
                                                  {"CONDA_PREFIX", tree.path("conda/../conda")}};
  EXPECT_THAT(below(tree, search(environment(active), {}, tree.path("conda/" + inside))),
              ElementsAre("conda/share/tenon/plugins/x.tenon.json",
                          "active/share/tenon/plugins/x.tenon.json"));
  EXPECT_THAT(below(tree, search(environment(active, true), {}, "")), ElementsAre());
}

TEST(Search, HomeWithoutXdg) {
  const Tree tree;
  EXPECT_THAT(below(tree, search(environment({{"HOME", tree.path("home")}}), {}, "")),
              ElementsAre("home/.local/share/tenon/plugins/x.tenon.json"));
}

TEST(Search, ElevatedIgnoresTheEnvironment) {
  const Tree tree;
  const Environment variables = environment({{"TENON_PLUGIN_PATH", tree.path("variable")},
                                             {"TENON_PROBE_TIMEOUT", "1"},
                                             {"XDG_DATA_HOME", tree.path("data")},
                                             {"HOME", tree.path("home")}},
                                            true);
  const SearchResult result = search(variables, {tree.path("given")}, "");
  EXPECT_THAT(below(tree, result), ElementsAre("given/x.tenon.json"));
  EXPECT_EQ(result.steps[0].outcome, "ignored: the process has elevated privileges");
  EXPECT_EQ(tenon::loader::probe_timeout(variables).count(), 20000);
}

TEST(Search, ProbeTimeoutFromTheEnvironment) {
  EXPECT_EQ(tenon::loader::probe_timeout(environment({{"TENON_PROBE_TIMEOUT", "1.5"}})).count(),
            1500);
}

// A setting that is not understood is an error that says what is allowed, not a default.
TEST(Settings, AreReadStrictly) {
  const auto message_of = [](const Environment& variables) -> std::string {
    try {
      if (!variables.get("TENON_PROBE_TIMEOUT").empty()) tenon::loader::probe_timeout(variables);
      tenon::loader::HostServices services(nullptr, variables);
    } catch (const tenon::plugin::Failure& failure) {
      EXPECT_EQ(failure.error.code, TN_INVALID_ARGUMENT);
      return failure.error.message;
    }
    return "";
  };
  for (const char* text : {"many", "0", "-1", "4x", " 4", "1025", "2.5", "99999999999999999999"}) {
    EXPECT_EQ(
        message_of(environment({{"TENON_NUM_THREADS", text}})),
        std::string("TENON_NUM_THREADS is a whole number from 1 to 1024, not \"") + text + '"');
  }
  for (const char* text : {"soon", "0", "-1", "20s", "nan", "inf", "86401"}) {
    EXPECT_EQ(
        message_of(environment({{"TENON_PROBE_TIMEOUT", text}})),
        std::string("TENON_PROBE_TIMEOUT is a number from 0.001 to 86400, not \"") + text + '"');
  }
  for (const char* text : {"Debug", "verbose", "1", "warn"}) {
    EXPECT_EQ(message_of(environment({{"TENON_LOG", text}})),
              std::string("TENON_LOG is debug, info, warning, error or off, not \"") + text + '"');
  }
  EXPECT_EQ(
      message_of(environment(
          {{"TENON_NUM_THREADS", "3"}, {"TENON_PROBE_TIMEOUT", "0.25"}, {"TENON_LOG", "off"}})),
      "");
  EXPECT_EQ(message_of(environment({{"TENON_NUM_THREADS", "x"}}, true)),
            "");  // Elevated: not read.
}

}  // namespace
