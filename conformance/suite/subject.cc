// SPDX-License-Identifier: Apache-2.0
#include "suite/subject.h"

#include <nlohmann/json.hpp>

namespace tenon::conformance {

nlohmann::ordered_json to_json(const Subject& subject) {
  nlohmann::ordered_json json = {
      {"spec", subject.spec},     {"library", subject.library},
      {"plugin", subject.plugin}, {"plugin_version", subject.plugin_version},
      {"device", subject.device}, {"vendor", subject.vendor},
      {"flags", subject.flags}};
  json["operators"] = nlohmann::ordered_json::array();
  for (const OperatorRow& row : subject.operators) {
    nlohmann::ordered_json types = nlohmann::ordered_json::array();
    for (const TypeSet& set : row.types) types.push_back({set.constraint, set.dtypes});
    json["operators"].push_back({{"domain", row.domain},
                                 {"name", row.name},
                                 {"version", row.version},
                                 {"revision", row.revision},
                                 {"types", std::move(types)}});
  }
  return json;
}

Subject subject_from_json(const nlohmann::ordered_json& json) {
  Subject subject{
      json.at("spec"),   json.at("library"), json.at("plugin"), json.at("plugin_version"),
      json.at("device"), json.at("vendor"),  json.at("flags"),  {}};
  for (const auto& entry : json.at("operators")) {
    OperatorRow row{
        entry.at("domain"), entry.at("name"), entry.at("version"), entry.at("revision"), {}};
    for (const auto& set : entry.at("types")) row.types.push_back({set.at(0), set.at(1)});
    subject.operators.push_back(std::move(row));
  }
  return subject;
}

}  // namespace tenon::conformance
