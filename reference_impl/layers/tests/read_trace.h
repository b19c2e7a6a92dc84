// SPDX-License-Identifier: Apache-2.0
//
// Reads a trace as a viewer would.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tenon::layers {

using nlohmann::json;

inline std::string path_for(const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / "tenon_trace_test";
  std::filesystem::create_directories(folder);
  return (folder / (name + "-" + std::to_string(getpid()) + ".json")).string();
}

// The events of a file.
inline std::vector<json> read_trace(const std::string& path) {
  std::ifstream file(path);
  const json whole = json::parse(file);
  EXPECT_EQ(whole["displayTimeUnit"], "ns");
  return whole["traceEvents"].get<std::vector<json>>();
}

inline std::vector<json> named(const std::vector<json>& events, const std::string& name) {
  std::vector<json> found;
  for (const json& event : events) {
    if (event["name"] == name) found.push_back(event);
  }
  return found;
}

}  // namespace tenon::layers
