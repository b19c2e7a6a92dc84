// SPDX-License-Identifier: Apache-2.0
//
// What a host asks of the plugin that it opens.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::loader {

// A copy of a tn_open_desc.
struct OpenRequest {
  bool probe = false;  // TN_OPEN_PROBE
  std::map<std::string, std::string> options;
  std::string min_version;    // "": no limit.
  std::string below_version;  // "": no limit.

  OpenRequest() = default;
  // Throws plugin::Failure: TN_UNSUPPORTED for unknown flags, TN_INVALID_ARGUMENT for options that
  // are NULL or given twice.
  explicit OpenRequest(const tn_open_desc& desc);

  // Whether a plugin of that version will do.
  bool takes(std::string_view version) const;
  // For people: "at least 1.2 and below 2".
  std::string range() const;
  // Point into this object.
  std::vector<tn_option> option_list() const;
};

// Negative, 0 or positive: numbers between dots are compared one by one, missing ones count as 0,
// and what follows the first character that is neither digit nor dot does not count.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace tenon::loader
