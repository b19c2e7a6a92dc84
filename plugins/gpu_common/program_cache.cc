// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/program_cache.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

namespace tenon::gpu {
namespace {

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// Of a binary, in front of it: drivers are not told how long one is, and believe what it says.
std::string checksum(std::string_view binary) {
  char text[32];
  std::snprintf(text, sizeof(text), "%016llx\n", static_cast<unsigned long long>(fnv1a(binary)));
  return text;
}

std::string cache_folder(const std::string& plugin) {
  const char* base = std::getenv("XDG_CACHE_HOME");
  if (base != nullptr && *base == '/') return std::string(base) + "/tenon/" + plugin;
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.cache/tenon/" + plugin;
  return {};
}

}  // namespace

ProgramCache::ProgramCache(const std::string& plugin, std::string device)
    : device_(std::move(device)), folder_(cache_folder(plugin)) {}

std::string ProgramCache::key(const std::string& source, const std::string& options) const {
  return device_ + '\n' + options + '\n' + source;
}

std::string ProgramCache::file(const std::string& key) const {
  char name[32];
  std::snprintf(name, sizeof(name), "/%016llx.bin", static_cast<unsigned long long>(fnv1a(key)));
  return folder_ + name;
}

// A file is the whole key, a zero byte, a checksum and the binary: two keys with one hash are told
// apart.
std::vector<unsigned char> ProgramCache::load(const std::string& source,
                                              const std::string& options) const {
  if (folder_.empty()) return {};
  const std::string wanted = key(source, options);
  std::ifstream in(file(wanted), std::ios::binary);
  if (!in) return {};
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  std::string_view rest = content;
  if (!rest.starts_with(wanted)) return {};
  rest.remove_prefix(wanted.size());
  if (rest.size() <= 1 + checksum({}).size() || rest[0] != '\0') return {};
  const std::string_view binary = rest.substr(1 + checksum({}).size());
  if (!rest.substr(1).starts_with(checksum(binary))) return {};
  return {binary.begin(), binary.end()};
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
      const std::string_view bytes(reinterpret_cast<const char*>(binary.data()), binary.size());
      out << checksum(bytes) << bytes;
      if (!out.flush()) return;
    }
    std::filesystem::rename(part, path);
  } catch (...) {  // NOLINT(bugprone-empty-catch)
    // Slower next time, nothing else.
  }
}

}  // namespace tenon::gpu
