// SPDX-License-Identifier: Apache-2.0
//
// A file's bytes, for what a user names on a command line: whatever lies at that path, the answer
// is its content or an error that says what is there.
#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "tenon/tenon.hpp"

namespace tenon::runtime {

// Throws Error: TN_NOT_FOUND for what is not there, may not be read or is no file.
inline std::string read_file(const std::string& path) {
  const auto fail = [&](const std::string& what) {
    throw Error(TN_NOT_FOUND, "", "cannot read '" + path + "': " + what);
  };
  std::error_code code;
  const std::filesystem::file_status status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) fail("No such file or directory");
  if (std::filesystem::is_directory(status)) fail("it is a directory, not a file");
  // Reading a pipe would wait for someone to write.
  if (!std::filesystem::is_regular_file(status)) fail("it is not a regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(std::strerror(errno));
  std::string bytes(static_cast<size_t>(std::filesystem::file_size(path, code)), '\0');
  if (code || !file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    fail("it cannot be read to its end");
  return bytes;
}

}  // namespace tenon::runtime
