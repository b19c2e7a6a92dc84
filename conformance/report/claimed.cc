// SPDX-License-Identifier: Apache-2.0
#include "report/claimed.h"

#include "tenon/cpp/operator_contract.hpp"
#include "tenon/tenon.hpp"

namespace tenon::conformance {
namespace {

void add(Claims& claims, const OperatorRow& row, std::string_view constraint, uint64_t dtypes) {
  for (tn_dtype dtype = 0; dtype < 64; ++dtype) {
    if (!in_set(dtype, dtypes)) continue;
    claims.insert({row.domain, row.name, row.version, std::string(constraint), dtype});
  }
}

}  // namespace

std::string Claim::text() const {
  return (domain.empty() ? "" : domain + ".") + name + "-" + std::to_string(version) + " " +
         constraint + " " + dtype_name(dtype);
}

const uint64_t* listed(const OperatorRow& row, std::string_view constraint) {
  for (const TypeSet& one : row.types) {
    if (one.constraint == constraint) return &one.dtypes;
  }
  return nullptr;
}

const ContractVersion* version_of_row(const OperatorRow& row) {
  const ContractOperator* contract = op::find_contract(row.domain, row.name);
  return contract != nullptr ? contract->version(row.version) : nullptr;
}

Claims claims_of(const OperatorRow& row) {
  Claims claims;
  for (const TypeSet& one : row.types) add(claims, row, one.constraint, one.dtypes);
  const ContractVersion* version = version_of_row(row);
  if (version == nullptr) return claims;
  for (const auto* list : {&version->inputs, &version->outputs}) {
    for (const ContractParameter& one : *list) {
      if (one.constraint.empty() || listed(row, one.constraint) != nullptr) continue;
      add(claims, row, one.constraint, one.dtypes);
    }
  }
  return claims;
}

}  // namespace tenon::conformance
