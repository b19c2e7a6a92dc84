// SPDX-License-Identifier: Apache-2.0
//
// Compiled programs on disk: $XDG_CACHE_HOME/tenon/<plugin> or ~/.cache/tenon/<plugin>, a file for
// each source, options and device. What cannot be read or written is compiled again.
#pragma once

#include <string>
#include <vector>

namespace tenon::gpu {

class ProgramCache {
 public:
  // `device`: names the device and the version of what compiles for it.
  ProgramCache(const std::string& plugin, std::string device);

  // Empty when there is none.
  std::vector<unsigned char> load(const std::string& source, const std::string& options) const;
  void store(const std::string& source, const std::string& options,
             const std::vector<unsigned char>& binary) const noexcept;

 private:
  std::string key(const std::string& source, const std::string& options) const;
  std::string file(const std::string& key) const;

  const std::string device_;
  std::string folder_;  // Empty: no cache.
};

}  // namespace tenon::gpu
