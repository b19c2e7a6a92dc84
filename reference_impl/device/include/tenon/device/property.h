// SPDX-License-Identifier: Apache-2.0
//
// How a platform tells properties of its devices, and the options that open them (extension
// tenon.device). Which names there are of properties, docs/spec/09-extensions.md says; one of a
// vendor is "vendor.name".
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::device {

// The first 16 values.
tn_property integers_property(const char* name, std::span<const int64_t> values,
                              const char* unit = "");
tn_property integer_property(const char* name, int64_t value, const char* unit = "");
tn_property text_property(const char* name, const char* text);

// Rows of Platform::options; texts are cut to what a row holds.
constexpr tn_option_info option_row(tn_option_type type, std::string_view name,
                                    std::string_view default_value, std::string_view help) {
  tn_option_info row{};
  row.struct_size = sizeof(row);
  row.type = type;
  name.substr(0, sizeof(row.name) - 1).copy(row.name, name.size());
  default_value.substr(0, sizeof(row.default_value) - 1)
      .copy(row.default_value, default_value.size());
  help.substr(0, sizeof(row.help) - 1).copy(row.help, help.size());
  return row;
}
constexpr tn_option_info text_option(std::string_view name, std::string_view default_value,
                                     std::string_view help) {
  return option_row(TN_OPTION_TEXT, name, default_value, help);
}
constexpr tn_option_info integer_option(std::string_view name, std::string_view default_value,
                                        std::string_view unit, std::string_view help) {
  tn_option_info row = option_row(TN_OPTION_INTEGER, name, default_value, help);
  unit.substr(0, sizeof(row.unit) - 1).copy(row.unit, unit.size());
  return row;
}
// `choices`: "unified|discrete|mapped".
constexpr tn_option_info choice_option(std::string_view name, std::string_view default_value,
                                       std::string_view choices, std::string_view help) {
  tn_option_info row = option_row(TN_OPTION_CHOICE, name, default_value, help);
  choices.substr(0, sizeof(row.choices) - 1).copy(row.choices, choices.size());
  return row;
}

// Of the host's processors: what is known of compute_units, clock_rate and numa_node.
std::vector<tn_property> processor_properties();

}  // namespace tenon::device
