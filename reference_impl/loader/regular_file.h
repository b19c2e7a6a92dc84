// SPDX-License-Identifier: Apache-2.0
//
// Files that others have put into folders: only regular ones are opened, so that no FIFO makes
// anyone wait, no device is touched, and nothing without an end is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon::loader {

class RegularFile {
 public:
  // Opens it for reading. Throws plugin::Failure: TN_NOT_FOUND, or TN_LOAD_FAILED for what cannot
  // be read or is no regular file.
  explicit RegularFile(const std::string& path);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  // Bytes that were read, or -1 with errno.
  int64_t read_at(void* to, size_t size, uint64_t offset) const;
  uint64_t size() const { return size_; }

 private:
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

// The content of a text file that has at most a mebibyte. Throws likewise.
std::string read_small_file(const std::string& path);

}  // namespace tenon::loader
