// SPDX-License-Identifier: Apache-2.0
#include "runtime/device_spec.h"

#include <algorithm>
#include <charconv>

#include "tenon/cpp/error.hpp"

namespace tenon::runtime {
namespace {

[[noreturn]] void fail(std::string_view text, const char* what) {
  throw Error(TN_INVALID_ARGUMENT, "",
              "device spec \"" + std::string(text) + "\": " + what +
                  "; expected PLUGIN[:INDEX][?KEY=VALUE[&KEY=VALUE...]]");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

DeviceSpec DeviceSpec::parse(std::string_view text) {
  DeviceSpec spec;
  std::string_view plugin = text.substr(0, text.find('?'));
  std::string_view options =
      plugin.size() < text.size() ? text.substr(plugin.size() + 1) : std::string_view();
  if (plugin.size() < text.size() && options.empty()) fail(text, "no option follows the '?'");

  // Paths may have colons of their own: only digits after the last one are an index.
  if (const size_t colon = plugin.rfind(':'); colon != std::string_view::npos) {
    const std::string_view index = plugin.substr(colon + 1);
    if (!index.empty() && std::all_of(index.begin(), index.end(), is_digit)) {
      const auto result = std::from_chars(index.data(), index.data() + index.size(), spec.index);
      if (result.ec != std::errc()) fail(text, "the index is out of range");
      plugin = plugin.substr(0, colon);
    } else if (plugin.find('/') == std::string_view::npos) {
      fail(text, "the index is not a number");
    }
  }
  if (plugin.empty()) fail(text, "no plugin is named");
  spec.plugin = plugin;

  while (!options.empty()) {
    const std::string_view option = options.substr(0, options.find('&'));
    options.remove_prefix(std::min(options.size(), option.size() + 1));
    const size_t equals = option.find('=');
    if (equals == 0 || equals == std::string_view::npos)
      fail(text, "an option has no key or value");
    spec.options.emplace_back(option.substr(0, equals), option.substr(equals + 1));
  }
  return spec;
}

std::vector<std::string> split_specs(std::string_view text) {
  std::vector<std::string> specs;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    const size_t begin = piece.find_first_not_of(' ');
    if (begin == std::string_view::npos) continue;
    specs.emplace_back(piece.substr(begin, piece.find_last_not_of(' ') - begin + 1));
  }
  return specs;
}

}  // namespace tenon::runtime
