// SPDX-License-Identifier: Apache-2.0
#include "open_request.h"

#include <algorithm>

#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

// The next number of a version, as digits without leading zeros; what is behind its dot stays.
std::string_view take_number(std::string_view& version) {
  const size_t end = std::min(version.find('.'), version.size());
  std::string_view number = version.substr(0, end);
  version.remove_prefix(std::min(end + 1, version.size()));
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

std::string_view numbers_of(std::string_view version) {
  return version.substr(0, version.find_first_not_of("0123456789."));
}

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  a = numbers_of(a);
  b = numbers_of(b);
  while (!a.empty() || !b.empty()) {
    const std::string_view left = take_number(a);
    const std::string_view right = take_number(b);
    if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
    if (const int order = left.compare(right); order != 0) return order;
  }
  return 0;
}

OpenRequest::OpenRequest(const tn_open_desc& desc)
    : probe((desc.flags & TN_OPEN_PROBE) != 0),
      min_version(text_or_empty(desc.min_version)),
      below_version(text_or_empty(desc.below_version)) {
  if ((desc.flags & ~uint32_t{TN_OPEN_PROBE}) != 0) {
    plugin::fail_at("desc->flags", TN_UNSUPPORTED, nullptr,
                    "tn_open_desc.flags has unknown bits: 0x%x",
                    desc.flags & ~uint32_t{TN_OPEN_PROBE});
  }
  if (desc.reserved != 0) {
    plugin::fail_at("desc->reserved", TN_UNSUPPORTED, nullptr, "tn_open_desc.reserved is %u",
                    desc.reserved);
  }
  for (size_t i = 0; i < desc.option_count; ++i) {
    const std::string where = "desc->options[" + std::to_string(i) + "]";
    if (desc.options == nullptr || desc.options[i].key == nullptr ||
        desc.options[i].value == nullptr) {
      plugin::fail_at(where.c_str(), TN_INVALID_ARGUMENT, nullptr,
                      "option %zu of tn_open_desc is NULL", i);
    }
    if (!options.emplace(desc.options[i].key, desc.options[i].value).second) {
      plugin::fail_at(where.c_str(), TN_INVALID_ARGUMENT, nullptr,
                      "option '%s' of tn_open_desc is given twice", desc.options[i].key);
    }
  }
}

bool OpenRequest::takes(std::string_view version) const {
  return (min_version.empty() || compare_versions(version, min_version) >= 0) &&
         (below_version.empty() || compare_versions(version, below_version) < 0);
}

std::string OpenRequest::range() const {
  std::string text = min_version.empty() ? "" : "at least " + min_version;
  if (below_version.empty()) return text;
  return text + (text.empty() ? "" : " and ") + "below " + below_version;
}

std::vector<tn_option> OpenRequest::option_list() const {
  std::vector<tn_option> list;
  for (const auto& [key, value] : options) list.push_back({key.c_str(), value.c_str()});
  return list;
}

}  // namespace tenon::loader
