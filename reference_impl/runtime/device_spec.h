// SPDX-License-Identifier: Apache-2.0
//
// `PLUGIN[:INDEX][?KEY=VALUE[&KEY=VALUE...]]`
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::runtime {

struct DeviceSpec {
  std::string plugin;
  size_t index = 0;
  std::vector<std::pair<std::string, std::string>> options;

  // Throws Error (TN_INVALID_ARGUMENT) that quotes the spec.
  static DeviceSpec parse(std::string_view text);
};

// Splits at commas; empty pieces are left out.
std::vector<std::string> split_specs(std::string_view text);

}  // namespace tenon::runtime
