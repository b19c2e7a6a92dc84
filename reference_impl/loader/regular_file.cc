// SPDX-License-Identifier: Apache-2.0
#include "regular_file.h"

#include <cerrno>
#include <cstring>

#include "reference_impl/platform/platform.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

constexpr size_t kMostBytes = 1 << 20;

using platform::FileKind;

[[noreturn]] void fail_as(FileKind kind) {
  const int reason = errno;
  switch (kind) {
    case FileKind::kMissing:
      plugin::fail(TN_NOT_FOUND, nullptr, "no such file; install the plugin or correct the path");
    case FileKind::kDeadLink:
      plugin::fail(TN_NOT_FOUND, nullptr,
                   "a link to a file that is not there; correct or remove it");
    case FileKind::kUnreadable:
      plugin::fail(TN_LOAD_FAILED, nullptr, "cannot be read: %s", std::strerror(reason));
    default:
      break;
  }
  const char* const what = kind == FileKind::kFolder   ? "a folder"
                           : kind == FileKind::kPipe   ? "a pipe"
                           : kind == FileKind::kSocket ? "a socket"
                                                       : "a device";
  plugin::fail(TN_LOAD_FAILED, nullptr, "not a regular file, but %s; correct the path or remove it",
               what);
}

}  // namespace

RegularFile::RegularFile(const std::string& path) {
  // Asked before it is opened: opening alone may do something to a device.
  FileKind kind = platform::kind_of_file(path.c_str());
  if (kind != FileKind::kRegular) fail_as(kind);
  // And after, since it may have become another one.
  descriptor_ = platform::open_file(path.c_str());
  if (descriptor_ < 0) {
    const int reason = errno;
    kind = platform::kind_of_file(path.c_str());
    errno = reason;
    fail_as(kind == FileKind::kRegular ? FileKind::kUnreadable : kind);
  }
  kind = platform::kind_of_file(descriptor_, &size_);
  if (kind != FileKind::kRegular) {
    platform::close_file(descriptor_);
    fail_as(kind);
  }
}

RegularFile::~RegularFile() { platform::close_file(descriptor_); }

int64_t RegularFile::read_at(void* to, size_t size, uint64_t offset) const {
  return platform::read_at(descriptor_, to, size, offset);
}

std::string read_small_file(const std::string& path) {
  const RegularFile file(path);
  std::string text;
  // Files of /proc say 0 and go on for ever: what is read counts.
  char bytes[16384];
  for (;;) {
    const int64_t got = file.read_at(bytes, sizeof(bytes), text.size());
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
