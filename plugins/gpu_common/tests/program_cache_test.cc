// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/program_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tenon::gpu {
namespace {

class ProgramCacheTest : public testing::Test {
 protected:
  ProgramCacheTest() {
    folder_ = std::filesystem::temp_directory_path() / ("tenon-cache-" + std::to_string(getpid()));
    setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  }
  ~ProgramCacheTest() override { std::filesystem::remove_all(folder_); }

  // The only file in the cache.
  std::filesystem::path file() const {
    return *std::filesystem::directory_iterator(folder_ / "tenon/plugin");
  }

  std::filesystem::path folder_;
  const std::vector<unsigned char> binary_{1, 0, 2, 255};
};

TEST_F(ProgramCacheTest, GivesBackWhatWasStored) {
  const ProgramCache cache("plugin", "device");
  EXPECT_TRUE(cache.load("source", "options").empty());
  cache.store("source", "options", binary_);
  EXPECT_EQ(cache.load("source", "options"), binary_);
  EXPECT_EQ(ProgramCache("plugin", "device").load("source", "options"), binary_);
}

TEST_F(ProgramCacheTest, KnowsPluginSourceOptionsAndDevice) {
  const ProgramCache cache("plugin", "device");
  cache.store("source", "options", binary_);
  EXPECT_TRUE(cache.load("other", "options").empty());
  EXPECT_TRUE(cache.load("source", "other").empty());
  EXPECT_TRUE(ProgramCache("other", "device").load("source", "options").empty());
  EXPECT_TRUE(ProgramCache("plugin", "newer driver").load("source", "options").empty());
}

TEST_F(ProgramCacheTest, IgnoresFilesThatAreNotItsOwn) {
  const ProgramCache cache("plugin", "device");
  cache.store("source", "options", binary_);
  std::ofstream(file(), std::ios::binary) << "device\noptions\nanother source" << '\0' << "x";
  EXPECT_TRUE(cache.load("source", "options").empty());
  std::filesystem::resize_file(file(), 5);
  EXPECT_TRUE(cache.load("source", "options").empty());
}

TEST_F(ProgramCacheTest, IgnoresFilesThatHaveChanged) {
  const ProgramCache cache("plugin", "device");
  cache.store("source", "options", binary_);
  const auto size = std::filesystem::file_size(file());
  std::filesystem::resize_file(file(), size - 1);
  EXPECT_TRUE(cache.load("source", "options").empty());
  std::filesystem::resize_file(file(), size);  // Ends with 0 now, not with 255.
  EXPECT_TRUE(cache.load("source", "options").empty());
}

TEST_F(ProgramCacheTest, DoesWithoutAFolder) {
  setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
  const ProgramCache cache("plugin", "device");
  cache.store("source", "options", binary_);
  EXPECT_TRUE(cache.load("source", "options").empty());
}

}  // namespace
}  // namespace tenon::gpu
