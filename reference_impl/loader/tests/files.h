// SPDX-License-Identifier: Apache-2.0
//
// Folders and files for tests.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// A folder that goes with the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "tenon-test-XXXXXX").string();
    path_ = mkdtemp(path.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name = "") const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }
  // Returns the path.
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path(name);
  }
  std::string manifest(const std::string& name, const std::string& library,
                       const std::string& more = "") const {
    return write(name + ".tenon.json", "{\"tenon_manifest\": 1, \"name\": \"" + name +
                                           "\", \"library\": \"" + library + "\"" + more + "}");
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

#ifdef FIXTURES
// Path of a plugin of fixtures/.
inline std::string fixture(const std::string& name) {
  return std::string(FIXTURES) + "/fixture_" + name + ".so";
}
#endif
