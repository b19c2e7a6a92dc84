// SPDX-License-Identifier: Apache-2.0
#include "report/package.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <stdexcept>

#include "report/profiles.h"
#include "report/sha256.h"

namespace tenon::conformance {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;  // "tenon_submission"

std::string digest_of(const Json& report) {
  return sha256(report.dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool is_test(const TestResult& result) { return !result.name.starts_with("("); }

void check_built(const Report& report, std::vector<std::string>& faults) {
  if (report.suite != suite_version()) {
    faults.push_back("is for version " + std::to_string(report.suite) +
                     " of the suite, and this is version " + std::to_string(suite_version()) +
                     ": run the suite again");
  }
  if (report.contract != contract_name()) {
    faults.push_back("is for the contract " + report.contract + ", and this one is " +
                     contract_name() + ": run the suite again");
  }
  if (!report.whole || report.smoke || report.brief) {
    faults.push_back("does not hold the results of a whole run");
  }
  if (!report.layers.empty()) {
    faults.push_back("was made with layers before the plugin: " + report.layers);
  }
}

// What is derived from results must be what they give.
void check_derived(const Json& stated, const Report& report, std::vector<std::string>& faults) {
  const Json derived = to_json(report);
  for (const char* key : {"profiles", "counts", "claims"}) {
    if (!stated.contains(key) || stated.at(key) != derived.at(key)) {
      faults.push_back("was edited: its \"" + std::string(key) +
                       "\" does not follow from its results");
    }
  }
}

// An excuse in a result stands in the declaration, too.
void check_excuses(const Report& report, std::vector<std::string>& faults) {
  size_t waived = 0, declared = 0;
  for (const TestResult& result : report.results) {
    const bool foreseen = result.outcome == Outcome::kExpected;
    const bool explained = !result.property("declared").empty();
    if (!foreseen && !explained) continue;
    Declaration declaration = report.declaration;
    TestResult failed = TestResult::named(result.name);
    failed.outcome = foreseen ? Outcome::kFailed : Outcome::kUnsupported;
    declaration.apply(failed, report.date);
    if (foreseen && failed.outcome != Outcome::kExpected) ++waived;
    if (explained && failed.property("declared").empty()) ++declared;
  }
  if (waived != 0) {
    faults.push_back("was edited: " + std::to_string(waived) +
                     " failures are waived that its declaration does not waive");
  }
  if (declared != 0) {
    faults.push_back("was edited: " + std::to_string(declared) +
                     " refusals are declared that its declaration does not have");
  }
}

void check_names(const Report& report, std::vector<std::string>& faults) {
  std::set<std::string> names;
  for (const TestResult& result : report.results) {
    if (is_test(result) && !names.insert(result.name).second) {
      faults.push_back("was edited: it has " + result.name + " twice");
      return;
    }
  }
}

}  // namespace

Json package_of(const Report& report) {
  std::vector<std::string> faults;
  check_built(report, faults);
  if (report.sha256.empty()) faults.emplace_back("does not say which binary was tested");
  if (!faults.empty()) throw std::runtime_error("no submission: the report " + faults[0]);
  // As it will be read: bytes that are no UTF-8 are replaced once and for all.
  const Json content =
      Json::parse(to_json(report).dump(-1, ' ', false, Json::error_handler_t::replace));
  return {{"tenon_submission", kFormat}, {"sha256", digest_of(content)}, {"report", content}};
}

Package read_package(const std::string& path) {
  const std::string text = read_text(path);
  Package package;
  try {
    const Json json = Json::parse(text);
    if (!json.is_object() || json.value("tenon_submission", 0) != kFormat) {
      throw std::runtime_error("is no submission of this version of tenon");
    }
    const Json& stated = json.at("report");
    package.report = Report::from_json(stated);
    if (json.at("sha256") != digest_of(stated)) {
      package.faults.emplace_back("was damaged or edited: its digest is another");
    }
    check_built(package.report, package.faults);
    check_derived(stated, package.report, package.faults);
    check_excuses(package.report, package.faults);
    check_names(package.report, package.faults);
  } catch (const std::exception& exception) {
    throw std::runtime_error(path + ": " + exception.what());
  }
  return package;
}

std::string binary_fault(const Report& report, const std::string& library) {
  const std::string hash = sha256_of_file(library);
  if (hash.empty()) return "cannot read " + library;
  if (hash == report.sha256) return "";
  return "is about another binary: sha256 " + report.sha256 + ", and " + library + " has " + hash;
}

std::vector<std::string> list_faults(const Report& report, const std::vector<std::string>& tests) {
  std::set<std::string> there, wanted(tests.begin(), tests.end());
  for (const TestResult& result : report.results) {
    if (is_test(result)) there.insert(result.name);
  }
  std::vector<std::string> left_out, unknown, faults;
  std::set_difference(wanted.begin(), wanted.end(), there.begin(), there.end(),
                      std::back_inserter(left_out));
  std::set_difference(there.begin(), there.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(unknown));
  if (!left_out.empty()) {
    faults.push_back("leaves out " + std::to_string(left_out.size()) + " tests, such as " +
                     left_out[0]);
  }
  if (!unknown.empty()) {
    faults.push_back("has " + std::to_string(unknown.size()) +
                     " tests that the suite does not run on this plugin, such as " + unknown[0]);
  }
  return faults;
}

std::vector<std::string> sample_of(const Report& report, size_t count, uint64_t seed) {
  std::vector<std::string> names;
  for (const TestResult& result : report.results) {
    if (is_test(result) && result.outcome != Outcome::kNotRun) names.push_back(result.name);
  }
  std::sort(names.begin(), names.end());
  // Not std::shuffle: what that does differs between libraries.
  std::mt19937_64 random(seed);
  for (size_t i = 0; i < std::min(count, names.size()); ++i) {
    std::swap(names[i], names[i + random() % (names.size() - i)]);
  }
  names.resize(std::min(count, names.size()));
  return names;
}

std::vector<std::string> sample_faults(const Report& report, const std::vector<std::string>& sample,
                                       const Report& again) {
  std::map<std::string, Outcome> stated, seen;
  for (const TestResult& result : report.results) stated[result.name] = result.outcome;
  for (const TestResult& result : again.results) seen[result.name] = result.outcome;
  std::vector<std::string> faults;
  for (const std::string& test : sample) {
    const auto found = seen.find(test);
    if (found == seen.end()) {
      faults.push_back(test + " could not be run again");
    } else if (found->second != stated[test]) {
      faults.push_back(test + " is " + outcome_name(found->second) + ", but " +
                       outcome_name(stated[test]) + " in the package");
    }
  }
  return faults;
}

std::string spec_with_library(const std::string& spec, const std::string& library) {
  const size_t mark = std::min(spec.find('?'), spec.size());
  std::string head = spec.substr(0, mark), index;
  const size_t colon = head.rfind(':');
  if (colon != std::string::npos && colon + 1 < head.size() &&
      head.find_first_not_of("0123456789", colon + 1) == std::string::npos) {
    index = head.substr(colon);
  }
  return library + index + spec.substr(mark);
}

}  // namespace tenon::conformance
