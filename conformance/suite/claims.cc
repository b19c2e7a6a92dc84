// SPDX-License-Identifier: Apache-2.0
#include "suite/claims.h"

#include <algorithm>
#include <map>

namespace tenon::conformance {
namespace {

Claim claim_of(const OperatorRow& row, std::string_view constraint, tn_dtype dtype) {
  return {row.domain, row.name, row.version, std::string(constraint), dtype};
}

// One argument of a case beside the parameter at its place. Constraints are bound to one type each.
struct Matcher {
  const OperatorRow& row;
  std::map<std::string_view, tn_dtype> bound = {};

  bool matches(const ContractParameter* parameter, bool present, bool host, tn_dtype dtype) {
    using enum ContractParameter::Flags;
    if (parameter == nullptr) return !present;
    if (!present) return (parameter->flags & (kOptional | kVariadic)) != 0;
    if ((parameter->flags & kHostOnly) != 0 && !host) return false;
    if (!in_set(dtype, parameter->dtypes)) return false;
    if (parameter->constraint.empty()) return true;
    const uint64_t* claimed = listed(row, parameter->constraint);
    if (claimed != nullptr && !in_set(dtype, *claimed)) return false;
    if ((parameter->flags & kMixed) != 0) return true;
    return bound.emplace(parameter->constraint, dtype).first->second == dtype;
  }
};

}  // namespace

bool fits(const OperatorCase& c, const OperatorRow& row) {
  if (c.domain != row.domain || c.name != row.name) return false;
  const ContractVersion* version = version_of_row(row);
  if (version == nullptr) return false;
  Matcher matcher{row};
  for (size_t i = 0; i < std::max(c.inputs.size(), version->inputs.size()); ++i) {
    const bool known = i < c.inputs.size();
    const bool present = known && c.inputs[i].kind != TN_ARGUMENT_ABSENT;
    const bool host = present && c.inputs[i].kind == TN_ARGUMENT_HOST;
    const tn_dtype dtype = present ? c.inputs[i].tensor.dtype : TN_DTYPE_UNDEFINED;
    if (!matcher.matches(version->input(i), present, host, dtype)) return false;
  }
  for (size_t i = 0; i < std::max(c.outputs.size(), version->outputs.size()); ++i) {
    const bool present = i < c.outputs.size() && c.outputs[i].dtype != TN_DTYPE_UNDEFINED;
    const tn_dtype dtype = present ? c.outputs[i].dtype : TN_DTYPE_UNDEFINED;
    if (!matcher.matches(version->output(i), present, false, dtype)) return false;
  }
  return std::ranges::all_of(c.attributes,
                             [&](const Attribute& one) { return version->knows(one.name); });
}

Claims exercised_by(const OperatorCase& c, const OperatorRow& row) {
  Claims claims;
  const ContractVersion* version = version_of_row(row);
  if (version == nullptr) return claims;
  const auto note = [&](const ContractParameter* parameter, tn_dtype dtype) {
    if (parameter == nullptr || parameter->constraint.empty()) return;
    if (dtype != TN_DTYPE_UNDEFINED) claims.insert(claim_of(row, parameter->constraint, dtype));
  };
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    if (c.inputs[i].kind != TN_ARGUMENT_ABSENT) note(version->input(i), c.inputs[i].tensor.dtype);
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) note(version->output(i), c.outputs[i].dtype);
  return claims;
}

std::string types_text(const Claims& claims) {
  std::string text;
  for (const Claim& one : claims) {
    text += (text.empty() ? "" : " ") + one.constraint + "=" + dtype_name(one.dtype);
  }
  return text;
}

}  // namespace tenon::conformance
