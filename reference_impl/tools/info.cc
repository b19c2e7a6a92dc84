// SPDX-License-Identifier: Apache-2.0
//
// tenon info [DEVICE]: what a device tells of itself, the options that it takes, and the operators
// that it claims.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "command.h"
#include "runtime/context.h"
#include "runtime/device.h"
#include "tenon/tenon.hpp"

namespace {

using Json = nlohmann::ordered_json;

// Rows of the table that differ in nothing but the version.
struct Claim {
  std::string name;  // "tenon.Fill"; ONNX's own without a domain.
  std::vector<int32_t> versions;
  std::vector<std::pair<std::string, std::vector<std::string>>> types;  // By constraint.
};

std::vector<Claim> claims_of(tn_device* device) {
  std::map<std::string, std::vector<Claim>> by_name;
  for (const tn_operator_entry& row : tenon::ask::operators(device)) {
    Claim claim;
    claim.name = *row.domain == '\0' ? row.name : std::string(row.domain) + "." + row.name;
    claim.versions = {row.version};
    for (size_t i = 0; i < row.type_count; ++i) {
      auto& [constraint, types] =
          claim.types.emplace_back(row.types[i].constraint, std::vector<std::string>{});
      for (size_t t = 0; t < row.types[i].count; ++t) {
        types.emplace_back(tenon::dtype_name(row.types[i].dtypes[t]));
      }
    }
    std::vector<Claim>& same = by_name[claim.name];
    const auto like = std::ranges::find(same, claim.types, &Claim::types);
    if (like == same.end()) {
      same.push_back(claim);
    } else {
      like->versions.push_back(row.version);
    }
  }
  std::vector<Claim> all;
  for (auto& [name, claims] : by_name) {
    for (Claim& claim : claims) {
      std::ranges::sort(claim.versions);
      all.push_back(std::move(claim));
    }
  }
  return all;
}

template <class List, class Text>
std::string join(const List& list, const char* between, Text text) {
  std::string all;
  for (const auto& each : list) all += (all.empty() ? "" : between) + text(each);
  return all;
}

std::vector<int64_t> integers_of(const tn_property& property) {
  const size_t count = std::min<size_t>(property.count, std::size(property.integers));
  return {property.integers, property.integers + count};
}

std::string value_text(const tn_property& property) {
  if (property.type == TN_PROPERTY_TEXT) return property.text;
  const auto digits = [](int64_t value) { return std::to_string(value); };
  const std::string values = join(integers_of(property), ", ", digits);
  return *property.unit == '\0' ? values : values + " " + property.unit;
}

const char* option_type_name(tn_option_type type) {
  switch (type) {
    case TN_OPTION_INTEGER:
      return "integer";
    case TN_OPTION_TEXT:
      return "text";
    case TN_OPTION_CHOICE:
      return "choice";
    default:
      return "other";
  }
}

void print_info(const tenon::runtime::ManagedDevice& device) {
  const tn_device_info& info = device.info();
  std::printf("%s  %s (%s)\n", device.spec().c_str(), info.name, info.vendor);
  std::printf("\n%-24s %s\n", "PROPERTY", "VALUE");
  std::printf("%-24s %" PRIu64 " bytes\n", "total memory", info.total_memory);
  for (const tn_property& property : tenon::ask::properties(device.handle())) {
    std::printf("%-24s %s\n", property.name, value_text(property).c_str());
  }
  std::printf("\n%-16s %-8s %-12s %s\n", "OPTION", "TYPE", "DEFAULT", "MEANING");
  for (const tn_option_info& option : tenon::ask::options(device.handle())) {
    const char* values = option.type == TN_OPTION_CHOICE ? option.choices : option.unit;
    std::printf("%-16s %-8s %-12s %s%s%s%s\n", option.name, option_type_name(option.type),
                option.default_value, option.help, *values == '\0' ? "" : " (", values,
                *values == '\0' ? "" : ")");
  }
  std::printf("\n%-32s %-20s %s\n", "OPERATOR", "SINCE VERSIONS", "ELEMENT TYPES");
  for (const Claim& claim : claims_of(device.handle())) {
    const auto digits = [](int32_t version) { return std::to_string(version); };
    const auto itself = [](const std::string& type) { return type; };
    const auto list = [&](const auto& types) {
      return types.first + ": " + join(types.second, " ", itself);
    };
    std::printf("%-32s %-20s %s\n", claim.name.c_str(), join(claim.versions, ",", digits).c_str(),
                join(claim.types, "; ", list).c_str());
  }
}

void print_info_json(const tenon::runtime::ManagedDevice& device) {
  const tn_device_info& info = device.info();
  Json properties = Json::object();
  for (const tn_property& property : tenon::ask::properties(device.handle())) {
    Json value =
        property.type == TN_PROPERTY_TEXT ? Json(property.text) : Json(integers_of(property));
    properties[property.name] = {{"value", value}, {"unit", property.unit}};
  }
  Json options = Json::array();
  for (const tn_option_info& option : tenon::ask::options(device.handle())) {
    options.push_back({{"name", option.name},
                       {"type", option_type_name(option.type)},
                       {"unit", option.unit},
                       {"default", option.default_value},
                       {"choices", option.choices},
                       {"help", option.help}});
  }
  Json operators = Json::array();
  for (const Claim& claim : claims_of(device.handle())) {
    Json types = Json::object();
    for (const auto& [constraint, names] : claim.types) types[constraint] = names;
    operators.push_back({{"name", claim.name}, {"versions", claim.versions}, {"types", types}});
  }
  const Json all = {{"device", device.spec()},  {"name", info.name},
                    {"vendor", info.vendor},    {"total_memory", info.total_memory},
                    {"properties", properties}, {"options", options},
                    {"operators", operators}};
  std::printf("%s\n", all.dump(2, ' ', false, nlohmann::detail::error_handler_t::replace).c_str());
}

void add_info(CLI::App& command, int& exit_code) {
  static bool json = false;
  static std::string spec;
  command.add_option("device", spec,
                     "device spec, PLUGIN[:INDEX][?KEY=VALUE&...] (default: the first device)");
  command.add_flag("--json", json, "For programs");
  tenon::tools::Command::add_layer_option(command);
  command.callback([&exit_code] {
    const auto context = tenon::runtime::Context::create();
    const tenon::runtime::ManagedDevice& device =
        spec.empty() ? context->device(0) : context->open(spec);
    json ? print_info_json(device) : print_info(device);
    exit_code = 0;
  });
}

const tenon::tools::Command kInfoCommand(
    "info", "Says what a device is, which options it takes and which operators it claims",
    add_info);

}  // namespace
