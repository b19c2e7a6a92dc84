// SPDX-License-Identifier: Apache-2.0
#include "report/report.h"

#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "report/profiles.h"
#include "tenon/tenon.h"

namespace tenon::conformance {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 2;  // "tenon_report"
constexpr Outcome kOutcomes[] = {Outcome::kPassed,   Outcome::kFailed,  Outcome::kUnsupported,
                                 Outcome::kExpected, Outcome::kCrashed, Outcome::kHung,
                                 Outcome::kNotRun};

Json json_of(const ProfileResult& verdict) {
  Json json = {{"name", verdict.profile}, {"judged", verdict.judged}, {"earned", verdict.earned}};
  json["types"] = verdict.types;
  json["missing"] = verdict.missing;
  if (!verdict.nearest.empty()) json["nearest"] = verdict.nearest;
  for (const auto& [type, missing] : verdict.missing_by_type) {
    json["missing_by_type"][type] = missing;
  }
  return json;
}

Json json_of(const ClaimResult& claim) {
  Json json = {{"operator", claim.name},         {"version", claim.version},
               {"constraint", claim.constraint}, {"first", claim.first},
               {"dtype", claim.dtype},           {"passed", claim.passed},
               {"failed", claim.failed}};
  json["unsupported"] = claim.unsupported;
  json["declared"] = claim.declared;
  json["waived"] = claim.waived;
  if (claim.worst_in_tolerances >= 0) json["worst_in_tolerances"] = claim.worst_in_tolerances;
  if (claim.worst_in_ulps >= 0) json["worst_in_ulps"] = claim.worst_in_ulps;
  return json;
}

// JSON has no infinity: null stands for it.
double error_of(const Json& json, const char* key) {
  if (!json.contains(key)) return -1;
  return json.at(key).is_null() ? std::numeric_limits<double>::infinity() : double{json.at(key)};
}

ClaimResult claim_result_of(const Json& json) {
  ClaimResult claim;
  claim.name = json.at("operator");
  claim.version = json.at("version");
  claim.constraint = json.at("constraint");
  claim.first = json.at("first");
  claim.dtype = json.at("dtype");
  claim.passed = json.at("passed");
  claim.failed = json.at("failed");
  claim.unsupported = json.at("unsupported");
  claim.declared = json.at("declared");
  claim.waived = json.at("waived");
  claim.worst_in_tolerances = error_of(json, "worst_in_tolerances");
  claim.worst_in_ulps = error_of(json, "worst_in_ulps");
  return claim;
}

ProfileResult profile_result_of(const Json& json) {
  ProfileResult verdict;
  verdict.profile = json.at("name");
  verdict.judged = json.at("judged");
  verdict.earned = json.at("earned");
  verdict.types = json.at("types").get<std::vector<std::string>>();
  verdict.missing = json.at("missing").get<std::vector<std::string>>();
  verdict.nearest = json.value("nearest", "");
  if (json.contains("missing_by_type")) {
    for (const auto& [type, missing] : json.at("missing_by_type").items()) {
      verdict.missing_by_type.emplace_back(type, missing.get<std::vector<std::string>>());
    }
  }
  return verdict;
}

}  // namespace

Report Report::of(Subject subject, Declaration declaration, std::vector<TestResult> results) {
  Report report;
  report.suite = suite_version();
  report.contract = contract_name();
  report.abi_major = TN_ABI_MAJOR;
  report.abi_minor = TN_ABI_MINOR;
  report.date = today();
  report.subject = std::move(subject);
  report.declaration = std::move(declaration);
  report.results = std::move(results);
  return report;
}

void Report::conclude() {
  counts.fill(0);
  for (const TestResult& row : results) ++counts[static_cast<size_t>(row.outcome)];
  claims = claim_results_of(subject, results);
  verdicts = judge_profiles(*this);
}

bool Report::failed() const {
  for (const Outcome outcome : kOutcomes) {
    if (is_bad(outcome) && count(outcome) != 0) return true;
  }
  return false;
}

const ProfileResult* Report::verdict(const std::string& profile) const {
  for (const ProfileResult& one : verdicts) {
    if (one.profile == profile) return &one;
  }
  return nullptr;
}

Json to_json(const Report& report, bool brief) {
  Json json;
  json["tenon_report"] = kFormat;
  json["suite"] = report.suite;
  json["contract"] = report.contract;
  json["abi"] = {{"major", report.abi_major}, {"minor", report.abi_minor}};
  json["date"] = report.date;
  json["filter"] = report.filter;
  json["whole"] = report.whole;
  json["smoke"] = report.smoke;
  json["seed"] = report.seed;
  json["brief"] = brief || report.brief;
  if (!report.layers.empty()) json["layers"] = report.layers;
  if (!report.sha256.empty()) json["sha256"] = report.sha256;
  json["subject"] = to_json(report.subject);
  json["declaration"] = report.declaration.text;
  json["profiles"] = Json::array();
  for (const ProfileResult& verdict : report.verdicts) json["profiles"].push_back(json_of(verdict));
  for (const Outcome outcome : kOutcomes) {
    json["counts"][outcome_name(outcome)] = report.count(outcome);
  }
  json["notes"] = report.notes;
  json["claims"] = Json::array();
  for (const ClaimResult& claim : report.claims) json["claims"].push_back(json_of(claim));
  json["tests"] = Json::array();
  for (const TestResult& row : report.results) {
    if (!brief || row.outcome != Outcome::kPassed) json["tests"].push_back(to_json(row));
  }
  return json;
}

Report Report::from_json(const Json& json) {
  if (!json.is_object() || json.value("tenon_report", 0) != kFormat) {
    throw std::runtime_error("is no report of this version of tenon (\"tenon_report\": " +
                             std::to_string(kFormat) + ")");
  }
  Report report;
  report.suite = json.at("suite");
  report.contract = json.at("contract");
  report.abi_major = json.at("abi").at("major");
  report.abi_minor = json.at("abi").at("minor");
  report.date = json.at("date");
  report.filter = json.at("filter");
  report.whole = json.at("whole");
  report.smoke = json.at("smoke");
  report.seed = json.at("seed");
  report.layers = json.value("layers", "");
  report.sha256 = json.value("sha256", "");
  report.subject = subject_from_json(json.at("subject"));
  const std::string declared = json.at("declaration");
  if (!declared.empty()) report.declaration = Declaration::parse(declared);
  for (const Json& row : json.at("tests")) report.results.push_back(result_from_json(row));
  report.notes = json.at("notes").get<std::vector<std::string>>();
  report.brief = json.at("brief");
  if (report.brief) {
    for (const Json& row : json.at("claims")) report.claims.push_back(claim_result_of(row));
    for (const Json& row : json.at("profiles")) report.verdicts.push_back(profile_result_of(row));
    for (const Outcome outcome : kOutcomes) {
      report.counts[static_cast<size_t>(outcome)] = json.at("counts").at(outcome_name(outcome));
    }
  } else {
    report.conclude();
  }
  return report;
}

Report Report::read(const std::string& path) {
  const std::string text = read_text(path);
  try {
    return from_json(Json::parse(text));
  } catch (const std::exception& exception) {
    throw std::runtime_error(path + ": " + exception.what());
  }
}

std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  stream.flush();
  if (!stream) throw std::runtime_error("cannot write " + path);
}

std::string text_of(const Json& json) {
  const auto dump = [](const Json& part, int indent) {
    return part.dump(indent, ' ', false, Json::error_handler_t::replace);
  };
  if (!json.contains("tests")) return dump(json, -1) + "\n";
  Json head = json;
  head.erase("tests");
  std::string text = dump(head, 1);
  text.resize(text.rfind('\n'));
  text += ",\n \"tests\": [";
  const char* separator = "\n  ";
  for (const Json& test : json.at("tests")) {
    text += separator + dump(test, -1);
    separator = ",\n  ";
  }
  return text + "\n ]\n}\n";
}

void write_json(const std::string& path, const Json& json) { write_text(path, text_of(json)); }

}  // namespace tenon::conformance
