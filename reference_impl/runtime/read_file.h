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

[[noreturn]] inline void cannot_read(const std::string& path, const std::string& why) {
  throw Error(TN_NOT_FOUND, "", "cannot read '" + path + "': " + why);
}

// Throws Error: TN_NOT_FOUND for what is not there or is no file.
inline void check_file(const std::string& path) {
  std::error_code code;
  const std::filesystem::file_status status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) cannot_read(path, "No such file or directory");
  if (std::filesystem::is_directory(status)) cannot_read(path, "it is a directory, not a file");
  // Reading a pipe would wait for someone to write.
  if (!std::filesystem::is_regular_file(status)) cannot_read(path, "it is not a regular file");
}

// Throws Error: TN_NOT_FOUND for what is not there, may not be read or is no file.
inline std::string read_file(const std::string& path) {
  check_file(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) cannot_read(path, std::strerror(errno));
  std::error_code code;
  std::string bytes(static_cast<size_t>(std::filesystem::file_size(path, code)), '\0');
  if (code || !file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    cannot_read(path, "it cannot be read to its end");
  return bytes;
}

}  // namespace tenon::runtime
