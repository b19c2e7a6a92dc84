// SPDX-License-Identifier: Apache-2.0
//
// Running another program of Tenon's, which lies beside this one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::tools {

// Its path, whether there is such a program or not.
std::string beside_this_program(const std::string& name);

// Becomes that program, or throws std::runtime_error.
[[noreturn]] void become(const std::vector<std::string>& words);

// Runs it to its end and returns what it printed, on both of its outputs. Throws std::runtime_error
// where it could not be started.
std::string output_of(const std::vector<std::string>& words);

// An empty folder of its own while it lives.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace tenon::tools
