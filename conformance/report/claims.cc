// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>

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

void add(Claim& claim, const TestResult& result) {
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

}  // namespace

std::string operator_of(const TestResult& result) {
  const std::string name = result.property("operator"), domain = result.property("domain");
  if (name.empty() || domain.empty() || name.starts_with(domain + ".")) return name;
  return full_name(domain, name);
}

std::vector<Claim> claims_of(const Subject& subject, const std::vector<TestResult>& results) {
  std::vector<Claim> claims;
  std::map<std::tuple<std::string, int, std::string>, size_t> places;
  for (const OperatorRow& row : subject.operators) {
    for (const ElementType& type : kElementTypes) {
      if (!row.has(type.dtype)) continue;
      Claim claim;
      claim.name = full_name(row.domain, row.name);
      claim.version = row.version;
      claim.dtype = dtype_name(type.dtype);
      places[{claim.name, claim.version, claim.dtype}] = claims.size();
      claims.push_back(std::move(claim));
    }
  }
  for (const TestResult& result : results) {
    const std::string name = operator_of(result);
    if (name.empty()) continue;
    const int version = std::atoi(result.property("version").c_str());
    const auto found = places.find({name, version, result.property("dtype")});
    if (found != places.end()) add(claims[found->second], result);
  }
  return claims;
}

}  // namespace tenon::conformance
