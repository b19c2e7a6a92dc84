// SPDX-License-Identifier: Apache-2.0
//
// tenon path WHAT: where installed parts are, for build files.
#include "folders.h"

#include <cstdio>
#include <stdexcept>
#include <string>

#include "command.h"

namespace tenon::tools {
namespace {

namespace fs = std::filesystem;

fs::path beside(const char* folder, const char* file) {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path path = program.parent_path().parent_path() / folder;
  if (!fs::exists(path / file)) {
    throw std::runtime_error((path / file).string() + " is missing: install Tenon again");
  }
  return path;
}

void add_path(CLI::App& command, int& exit_code) {
  static std::string what;
  command
      .add_option("what", what,
                  "include: the folder of tenon/tenon.h; template: the plugin template; cmake: the "
                  "folder of tenonConfig.cmake; spec: the standard as text")
      ->required()
      ->check(CLI::IsMember({"include", "template", "cmake", "spec"}));
  command.callback([&exit_code] {
    const fs::path path = what == "include"    ? include_folder()
                          : what == "template" ? template_folder(false)
                          : what == "cmake"    ? cmake_folder()
                                               : spec_folder();
    std::printf("%s\n", path.c_str());
    exit_code = 0;
  });
}

const Command kPathCommand("path", "Says where an installed part of Tenon is", add_path);

}  // namespace

fs::path include_folder() { return beside("include", "tenon/tenon.h"); }
fs::path template_folder(bool cpp) {
  return beside(cpp ? "share/tenon/template_cpp" : "share/tenon/template", "CMakeLists.txt");
}
fs::path cmake_folder() { return beside("lib/cmake/tenon", "tenonConfig.cmake"); }
fs::path spec_folder() { return beside("share/tenon/docs/spec", "README.md"); }

}  // namespace tenon::tools
