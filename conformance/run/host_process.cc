// SPDX-License-Identifier: Apache-2.0
#include "run/host_process.h"

#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <filesystem>
#include <system_error>

namespace tenon::conformance {
namespace {

std::string identity_of(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return "";
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

}  // namespace

HostProcess HostProcess::now() {
  HostProcess process;
  for (int file = 0; file < 3; ++file) process.files_[file] = identity_of(file);
  std::error_code none;
  process.directory_ = std::filesystem::current_path(none).string();
  process.locale_ = std::setlocale(LC_ALL, nullptr);
  process.file_mode_ = ::umask(0);
  ::umask(process.file_mode_);
  return process;
}

std::vector<std::string> HostProcess::changes_since(const HostProcess& before) const {
  static constexpr const char* kFiles[] = {"input", "output", "error"};
  std::vector<std::string> changes;
  for (int file = 0; file < 3; ++file) {
    if (files_[file] == before.files_[file]) continue;
    changes.push_back(std::string("the plugin ") + (files_[file].empty() ? "closed" : "replaced") +
                      " its host's standard " + kFiles[file]);
  }
  const auto compare = [&](const char* what, const std::string& was, const std::string& is) {
    if (was == is) return;
    changes.push_back(std::string("the plugin changed its host's ") + what + " from " + was +
                      " to " + is);
  };
  compare("working directory", before.directory_, directory_);
  compare("locale", before.locale_, locale_);
  compare("umask", std::to_string(before.file_mode_), std::to_string(file_mode_));
  for (std::string& change : changes) change += " (TN-process-001)";
  return changes;
}

}  // namespace tenon::conformance
