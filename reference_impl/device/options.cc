// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/options.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "tenon/device/property.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::device {
namespace {

constexpr tn_option_info kMemoryOption =
    choice_option("memory", "unified", "unified|discrete|mapped",
                  "Where its memory is, as far as the host can tell.");
constexpr tn_option_info kMemoryLimitOption = integer_option(
    "memory_limit", "0", "bytes", "The most memory that it gives out; 0: all that there is.");
constexpr tn_option_info kDelayOption =
    integer_option("delay_us", "2000", "us",
                   "How late streams run when no thread waits, where its memory is not unified.");

uint64_t parse_number(const tn_option_info& row, const char* text) {
  uint64_t number = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, number);
  if (error != std::errc() || rest != end) {
    plugin::fail_at("desc->options", TN_INVALID_ARGUMENT, nullptr,
                    "option %s must be a number, not '%.64s'", row.name, text);
  }
  return number;
}

// Which of the row's choices `text` is, counted from 0.
size_t parse_choice(const tn_option_info& row, std::string_view text) {
  std::string_view rest = row.choices;
  for (size_t i = 0;; ++i) {
    const size_t bar = rest.find('|');
    if (rest.substr(0, bar) == text) return i;
    if (bar == std::string_view::npos) break;
    rest.remove_prefix(bar + 1);
  }
  plugin::fail_at("desc->options", TN_INVALID_ARGUMENT, nullptr,
                  "option %s has no value '%.64s'; it is one of %s", row.name,
                  std::string(text).c_str(), row.choices);
}

void check_list(const tn_device_desc& desc) {
  if (desc.option_count != 0 && desc.options == nullptr) {
    plugin::fail_at("desc->options", TN_INVALID_ARGUMENT, nullptr,
                    "option_count is %zu, but options is NULL", desc.option_count);
  }
  for (size_t i = 0; i < desc.option_count; ++i) {
    const tn_option& option = desc.options[i];
    const std::string where = "desc->options[" + std::to_string(i) + "]";
    if (option.key == nullptr || option.value == nullptr) {
      plugin::fail_at(where.c_str(), TN_INVALID_ARGUMENT, nullptr,
                      "option %zu has a NULL key or value", i);
    }
    for (size_t j = 0; j < i; ++j) {
      if (std::strcmp(desc.options[j].key, option.key) != 0) continue;
      plugin::fail_at(where.c_str(), TN_INVALID_ARGUMENT, nullptr,
                      "option '%.64s' is given twice: give it once", option.key);
    }
  }
}

// The row of an option that was given.
const tn_option_info& row_of(const std::vector<tn_option_info>& rows, const char* key) {
  const auto row = std::ranges::find_if(
      rows, [&](const tn_option_info& each) { return std::strcmp(each.name, key) == 0; });
  if (row != rows.end()) return *row;
  std::string known;
  for (const tn_option_info& each : rows) {
    known += known.empty() ? "" : ", ";
    known += each.name;
    const char* hint = each.type == TN_OPTION_CHOICE ? each.choices : each.unit;
    if (*hint != '\0') known += std::string(" (") + hint + ")";
  }
  plugin::fail_at("desc->options", TN_INVALID_ARGUMENT, nullptr,
                  "there is no option '%.64s'; the options are %s", key, known.c_str());
}

}  // namespace

std::vector<tn_option_info> options_of(const Platform& platform) {
  std::vector<tn_option_info> rows(platform.options.begin(), platform.options.end());
  if (platform.open == nullptr) rows.push_back(kMemoryOption);
  rows.push_back(kMemoryLimitOption);
  if (platform.open == nullptr) rows.push_back(kDelayOption);
  return rows;
}

Options parse_options(const Platform& platform, const tn_device_desc& desc,
                      const tn_device_info& info, std::vector<tn_option>* own) {
  check_list(desc);
  const std::vector<tn_option_info> rows = options_of(platform);
  const bool backed = platform.open != nullptr;
  Options options;
  // What stands in the rows for options that are not given.
  uint64_t limit = parse_number(kMemoryLimitOption, kMemoryLimitOption.default_value);
  options.memory =
      static_cast<MemoryMode>(parse_choice(kMemoryOption, kMemoryOption.default_value));
  if (!backed) options.delay_us = parse_number(kDelayOption, kDelayOption.default_value);
  for (size_t i = 0; i < desc.option_count; ++i) {
    const tn_option& option = desc.options[i];
    const tn_option_info& row = row_of(rows, option.key);
    const uint64_t number = row.type == TN_OPTION_INTEGER  ? parse_number(row, option.value)
                            : row.type == TN_OPTION_CHOICE ? parse_choice(row, option.value)
                                                           : 0;
    const std::string_view key = row.name;
    if (std::ranges::any_of(platform.options,
                            [&](const tn_option_info& each) { return key == each.name; })) {
      own->push_back(option);
    } else if (key == kMemoryLimitOption.name) {
      limit = number;
    } else if (key == kMemoryOption.name) {
      options.memory = static_cast<MemoryMode>(number);
    } else {
      options.delay_us = number;
    }
  }
  options.memory_limit = limit;
  if (backed) {
    options.memory = MemoryMode::kMapped;
    options.memory_limit = limit != 0 ? std::min(limit, info.total_memory) : info.total_memory;
    options.max_allocation = info.max_allocation;
  }
  return options;
}

}  // namespace tenon::device
