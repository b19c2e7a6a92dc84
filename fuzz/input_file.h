// SPDX-License-Identifier: Apache-2.0
//
// A fuzzer's input as a file that functions taking a path can open.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

class InputFile {
 public:
  InputFile(const uint8_t* data, size_t size) : fd_(memfd_create("input", 0)) {
    if (write(fd_, data, size) != static_cast<ssize_t>(size)) __builtin_trap();
  }
  ~InputFile() { close(fd_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};
