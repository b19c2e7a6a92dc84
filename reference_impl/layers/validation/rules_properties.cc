// SPDX-License-Identifier: Apache-2.0
//
// Extension tenon.device: what a device tells of itself, by the registry's table.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include "reference_impl/layers/validation/checked_call.h"
#include "reference_impl/layers/validation/rules.h"

namespace tenon::layers::validation {
namespace {

#include "reference_impl/layers/validation/properties.inc"

template <size_t size>
std::string_view text_in(const char (&field)[size]) {
  return {field, strnlen(field, size)};
}

// What is wrong with a property of one of the registry's names; "" if nothing.
std::string fault_in(const tn_property& given, const KnownProperty& known) {
  if (given.type != known.type) return fmt::format("is of type {}", given.type);
  if (text_in(given.unit) != known.unit) {
    return fmt::format("has the unit '{}'; it is '{}'", text_in(given.unit), known.unit);
  }
  if (given.count < known.least_count || given.count > known.most_count) {
    return fmt::format("has {} values; there are {} to {}", given.count, known.least_count,
                       known.most_count);
  }
  for (uint32_t i = 0; given.type == TN_PROPERTY_INTEGERS && i < given.count; ++i) {
    const int64_t value = given.integers[i];
    if (value >= known.least && value <= known.most) continue;
    return fmt::format("says {}, which is not from {} to {}", value, known.least, known.most);
  }
  return "";
}

std::string fault_in(const tn_property& given) {
  const std::string_view name = text_in(given.name);
  const auto* known = std::ranges::find(kKnownProperties, name, &KnownProperty::name);
  if (known != std::end(kKnownProperties)) return fault_in(given, *known);
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) {
    return "is neither a name of the registry nor a vendor's, 'vendor.name'";
  }
  const uint32_t most = given.type == TN_PROPERTY_TEXT ? 1 : std::size(given.integers);
  if (given.count > most) return fmt::format("has {} values", given.count);
  return "";
}

// The names of choices end with a bar or the text.
bool is_choice(std::string_view choices, std::string_view value) {
  return ("|" + std::string(choices) + "|").find("|" + std::string(value) + "|") !=
         std::string::npos;
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char each) { return each >= '0' && each <= '9'; });
}

std::string fault_in(const tn_option_info& given) {
  const std::string_view value = text_in(given.default_value);
  if (given.name[0] == '\0') return "has no name";
  if (given.help[0] == '\0') return "has no text for people";
  if (given.type == TN_OPTION_INTEGER && !is_number(value)) {
    return fmt::format("is a number, and its default '{}' is not", value);
  }
  if (given.type == TN_OPTION_CHOICE && !is_choice(text_in(given.choices), value)) {
    return fmt::format("has the default '{}', which is none of '{}'", value,
                       text_in(given.choices));
  }
  return "";
}

}  // namespace

namespace rules {

tn_status device_property(CheckedCall& call, tn_device* device, size_t index, tn_property* property,
                          tn_error* error) {
  const tn_status status =
      call.extensions_below().device.device_property(device, index, property, error);
  if (status != TN_OK || !call.is_filled(&property->text, sizeof(property->text))) return status;
  if (const std::string problem = fault_in(*property); !problem.empty()) {
    call.fault("TN-property-001",
               fmt::format("tells of a property '{}' that {}", text_in(property->name), problem));
    // Nobody reads behind the list.
    property->count = std::min<uint32_t>(property->count, std::size(property->integers));
  }
  return status;
}

tn_status device_option(CheckedCall& call, tn_device* device, size_t index, tn_option_info* option,
                        tn_error* error) {
  const tn_status status =
      call.extensions_below().device.device_option(device, index, option, error);
  if (status != TN_OK || !call.is_filled(&option->help, sizeof(option->help))) return status;
  if (const std::string problem = fault_in(*option); !problem.empty()) {
    call.fault("TN-property-002",
               fmt::format("tells of an option '{}' that {}", text_in(option->name), problem));
  }
  return status;
}

tn_status device_trim(CheckedCall& call, tn_device* device, uint64_t* released, tn_error* error) {
  return call.extensions_below().device.device_trim(device, released, error);
}

}  // namespace rules
}  // namespace tenon::layers::validation
