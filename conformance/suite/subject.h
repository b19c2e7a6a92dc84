// SPDX-License-Identifier: Apache-2.0
//
// What is judged, as data: names, and the device's table of operators. The process that judges has
// never opened the plugin where tests are isolated, so this comes to it from one that has.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::conformance {

// The element types that a row lists for one type constraint of its operator.
struct TypeSet {
  std::string constraint;  // "T1"
  uint64_t dtypes = 0;     // Bit d: tn_dtype d.
  bool has(tn_dtype dtype) const { return dtype >= 0 && dtype < 64 && (dtypes >> dtype & 1) != 0; }
};

// A row of the device's static table, with strings of its own.
struct OperatorRow {
  std::string domain;
  std::string name;
  int32_t version = 0;
  int32_t revision = 0;
  std::vector<TypeSet>
      types;  // As listed: a constraint that is not takes what the contract allows.
  // Whether the first constraint listed has the type.
  bool has(tn_dtype dtype) const { return !types.empty() && types[0].has(dtype); }
};

struct Subject {
  std::string spec;  // As the user named it: PLUGIN[:INDEX][?KEY=VALUE&...].
  std::string library;
  std::string plugin;
  std::string plugin_version;
  std::string device;
  std::string vendor;
  uint32_t flags = 0;  // TN_DEVICE_*
  std::vector<OperatorRow> operators;
};

nlohmann::ordered_json to_json(const Subject& subject);
Subject subject_from_json(const nlohmann::ordered_json& json);

}  // namespace tenon::conformance
