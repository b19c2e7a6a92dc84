// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <tuple>

#include "report/claimed.h"
#include "report/report.h"
#include "tenon/tenon.hpp"

namespace tenon::conformance {
namespace {

std::string full_name(const std::string& domain, const std::string& name) {
  return domain.empty() ? name : domain + "." + name;
}

void keep_worst(double& worst, const std::string& text) {
  if (text.empty()) return;
  worst = std::max(worst, std::strtod(text.c_str(), nullptr));
}

void add(ClaimResult& claim, const TestResult& result) {
  switch (result.outcome) {
    case Outcome::kPassed:
      ++claim.passed;
      break;
    case Outcome::kUnsupported:
      ++claim.unsupported;
      claim.declared += !result.property("declared").empty();
      break;
    case Outcome::kExpected:
      ++claim.waived;
      break;
    default:
      ++claim.failed;
  }
  keep_worst(claim.worst_in_tolerances, result.property("error_in_tolerances"));
  keep_worst(claim.worst_in_ulps, result.property("error_in_ulps"));
}

// Operator, version, constraint (empty: the first that the device lists), element type.
using Key = std::tuple<std::string, int, std::string, std::string>;

// What a test has exercised is in its words: "T1=float32 T2=int8". One that did not come so far, as
// where a claim was refused, still says its element type; if it passed, it was about something
// else.
std::vector<Key> claims_tried_by(const TestResult& result) {
  const std::string name = operator_of(result);
  if (name.empty()) return {};
  const int version = std::atoi(result.property("version").c_str());
  std::vector<Key> keys;
  std::istringstream types(result.property("types"));
  for (std::string word; types >> word;) {
    const size_t mark = word.find('=');
    if (mark == std::string::npos) continue;
    keys.emplace_back(name, version, word.substr(0, mark), word.substr(mark + 1));
  }
  if (keys.empty() && result.outcome != Outcome::kPassed) {
    keys.emplace_back(name, version, "", result.property("dtype"));
  }
  return keys;
}

// A row's claims: those of the constraint that it lists first come first.
std::vector<Claim> in_order(const OperatorRow& row) {
  const Claims claims = claims_of(row);
  std::vector<Claim> sorted(claims.begin(), claims.end());
  std::stable_partition(sorted.begin(), sorted.end(), [&](const Claim& one) {
    return !row.types.empty() && row.types[0].constraint == one.constraint;
  });
  return sorted;
}

}  // namespace

std::string name_of(const ClaimResult& claim) {
  const std::string type = claim.first ? claim.dtype : claim.constraint + " " + claim.dtype;
  return claim.name + " " + std::to_string(claim.version) + " (" + type + ")";
}

std::string operator_of(const TestResult& result) {
  const std::string name = result.property("operator"), domain = result.property("domain");
  if (name.empty() || domain.empty() || name.starts_with(domain + ".")) return name;
  return full_name(domain, name);
}

std::vector<ClaimResult> claim_results_of(const Subject& subject,
                                          const std::vector<TestResult>& results) {
  std::vector<ClaimResult> claims;
  std::map<Key, size_t> places;
  for (const OperatorRow& row : subject.operators) {
    for (const Claim& one : in_order(row)) {
      ClaimResult claim;
      claim.name = full_name(row.domain, row.name);
      claim.version = row.version;
      claim.constraint = one.constraint;
      claim.first = !row.types.empty() && row.types[0].constraint == one.constraint;
      claim.dtype = dtype_name(one.dtype);
      const Key key{claim.name, claim.version, claim.constraint, claim.dtype};
      if (!places.emplace(key, claims.size()).second) continue;
      if (claim.first) places[{claim.name, claim.version, "", claim.dtype}] = claims.size();
      claims.push_back(std::move(claim));
    }
  }
  for (const TestResult& result : results) {
    for (const Key& key : claims_tried_by(result)) {
      if (const auto found = places.find(key); found != places.end()) {
        add(claims[found->second], result);
      }
    }
  }
  return claims;
}

}  // namespace tenon::conformance
