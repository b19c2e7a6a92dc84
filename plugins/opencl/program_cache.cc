// SPDX-License-Identifier: Apache-2.0
#include "program_cache.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tenon::opencl {
namespace {

uint64_t fnv1a(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string cache_folder() {
  const char* base = std::getenv("XDG_CACHE_HOME");
  if (base != nullptr && *base == '/') return std::string(base) + "/tenon/opencl";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.cache/tenon/opencl";
  return {};
}

}  // namespace

ProgramCache::ProgramCache(std::string device)
    : device_(std::move(device)), folder_(cache_folder()) {}

std::string ProgramCache::key(const std::string& source, const std::string& options) const {
  return device_ + '\n' + options + '\n' + source;
}

std::string ProgramCache::file(const std::string& key) const {
  char name[32];
  std::snprintf(name, sizeof(name), "/%016llx.bin", static_cast<unsigned long long>(fnv1a(key)));
  return folder_ + name;
}

// A file is the whole key, a zero byte, and the binary: two keys with one hash are told apart.
std::vector<unsigned char> ProgramCache::load(const std::string& source,
                                              const std::string& options) const {
  if (folder_.empty()) return {};
  const std::string wanted = key(source, options);
  std::ifstream in(file(wanted), std::ios::binary);
  if (!in) return {};
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  if (content.size() <= wanted.size() + 1 || content.compare(0, wanted.size(), wanted) != 0 ||
      content[wanted.size()] != '\0') {
    return {};
  }
  return {content.begin() + static_cast<std::ptrdiff_t>(wanted.size() + 1), content.end()};
}

void ProgramCache::store(const std::string& source, const std::string& options,
                         const std::vector<unsigned char>& binary) const noexcept {
  if (folder_.empty()) return;
  try {
    std::filesystem::create_directories(folder_);
    const std::string wanted = key(source, options);
    const std::string path = file(wanted);
    // Another process may read or write it: whole files appear at once.
    const std::string part = path + "." + std::to_string(getpid());
    {
      std::ofstream out(part, std::ios::binary);
      out.write(wanted.c_str(), static_cast<std::streamsize>(wanted.size() + 1));
      out.write(reinterpret_cast<const char*>(binary.data()),
                static_cast<std::streamsize>(binary.size()));
      if (!out.flush()) return;
    }
    std::filesystem::rename(part, path);
  } catch (...) {  // NOLINT(bugprone-empty-catch)
    // Slower next time, nothing else.
  }
}

}  // namespace tenon::opencl
