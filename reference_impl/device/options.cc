// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/options.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "tenon/tenon_plugin.hpp"

namespace tenon::device {
namespace {

MemoryMode parse_memory(const char* text) {
  const std::string_view value = text;
  if (value == "unified") return MemoryMode::kUnified;
  if (value == "discrete") return MemoryMode::kDiscrete;
  if (value == "mapped") return MemoryMode::kMapped;
  plugin::fail_at("desc->options", TN_INVALID_ARGUMENT, nullptr,
                  "option memory has no value '%.64s'; it is unified, discrete or mapped", text);
}

uint64_t parse_number(const char* key, const char* text) {
  uint64_t number = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, number);
  if (error != std::errc() || rest != end) {
    plugin::fail_at("desc->options", TN_INVALID_ARGUMENT, nullptr,
                    "option %s must be a number, not '%.64s'", key, text);
  }
  return number;
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

}  // namespace

Options parse_options(const tn_device_desc& desc) {
  check_list(desc);
  Options options;
  for (size_t i = 0; i < desc.option_count; ++i) {
    const tn_option& option = desc.options[i];
    const std::string_view key = option.key;
    if (key == "memory") {
      options.memory = parse_memory(option.value);
    } else if (key == "memory_limit") {
      options.memory_limit = parse_number("memory_limit", option.value);
    } else if (key == "delay_us") {
      options.delay_us = parse_number("delay_us", option.value);
    } else {
      plugin::fail_at(
          "desc->options", TN_INVALID_ARGUMENT, nullptr,
          "there is no option '%.64s'; the options are memory (unified, discrete, mapped), "
          "memory_limit (bytes) and delay_us (microseconds)",
          option.key);
    }
  }
  return options;
}

Options parse_backend_options(const tn_device_desc& desc, const tn_device_info& info,
                              std::span<const char* const> names, std::vector<tn_option>* own) {
  check_list(desc);
  Options options;
  options.memory = MemoryMode::kMapped;
  options.memory_limit = info.total_memory;
  options.max_allocation = info.max_allocation;
  options.delay_us = 0;
  for (size_t i = 0; i < desc.option_count; ++i) {
    const tn_option& option = desc.options[i];
    const std::string_view key = option.key;
    if (std::ranges::any_of(names, [&](const char* name) { return key == name; })) {
      own->push_back(option);
      continue;
    }
    if (key != "memory_limit") {
      std::string known;
      for (const char* name : names) known += std::string(name) + ", ";
      plugin::fail_at("desc->options", TN_INVALID_ARGUMENT, nullptr,
                      "there is no option '%.64s'; there is %smemory_limit (bytes)", option.key,
                      known.c_str());
    }
    const uint64_t limit = parse_number("memory_limit", option.value);
    if (limit != 0) options.memory_limit = std::min(limit, info.total_memory);
  }
  return options;
}

}  // namespace tenon::device
