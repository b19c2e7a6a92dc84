// SPDX-License-Identifier: Apache-2.0
#include "regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

constexpr size_t kMostBytes = 1 << 20;

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

[[noreturn]] void fail_to_open(const std::string& path) {
  const int reason = errno;
  struct stat link{};
  if (reason == ENOENT && lstat(path.c_str(), &link) == 0) {
    plugin::fail(TN_NOT_FOUND, nullptr, "a link to a file that is not there; correct or remove it");
  }
  if (reason == ENOENT || reason == ENOTDIR) {
    plugin::fail(TN_NOT_FOUND, nullptr, "no such file; install the plugin or correct the path");
  }
  plugin::fail(TN_LOAD_FAILED, nullptr, "cannot be read: %s", std::strerror(reason));
}

[[noreturn]] void fail_as(mode_t mode) {
  plugin::fail(TN_LOAD_FAILED, nullptr, "not a regular file, but %s; correct the path or remove it",
               kind_of(mode));
}

}  // namespace

RegularFile::RegularFile(const std::string& path) {
  // Asked before it is opened: opening alone may do something to a device.
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) fail_to_open(path);
  if (!S_ISREG(status.st_mode)) fail_as(status.st_mode);
  // And after, since it may have become another one. O_NONBLOCK: a pipe would be waited for.
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor_ < 0) fail_to_open(path);
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor_);
    fail_as(status.st_mode);
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

RegularFile::~RegularFile() { close(descriptor_); }

std::string read_small_file(const std::string& path) {
  const RegularFile file(path);
  std::string text;
  // Files of /proc say 0 and go on for ever: what is read counts.
  char bytes[16384];
  for (;;) {
    const ssize_t got = read(file.descriptor(), bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) plugin::fail(TN_LOAD_FAILED, nullptr, "cannot be read: %s", std::strerror(errno));
    if (got == 0) return text;
    text.append(bytes, static_cast<size_t>(got));
    if (text.size() > kMostBytes || file.size() > kMostBytes) {
      plugin::fail(TN_LOAD_FAILED, nullptr, "larger than a mebibyte: no manifest");
    }
  }
}

}  // namespace tenon::loader
