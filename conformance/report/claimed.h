// SPDX-License-Identifier: Apache-2.0
//
// What a device claims: an element type of a type constraint of a row of the device's table, at
// that row's own version; of constraints that the row does not list, every type that the contract
// allows.
#pragma once

#include <compare>
#include <set>
#include <string>

#include "suite/subject.h"
#include "tenon/cpp/contract_fact.hpp"

namespace tenon::conformance {

struct Claim {
  std::string domain, name;
  int32_t version = 0;
  std::string constraint;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;

  auto operator<=>(const Claim&) const = default;
  std::string text() const;  // "Cast-25 T2 float16"
};

using Claims = std::set<Claim>;

// All claims of a row. Rows of operators, versions or types that the contract does not have are
// claims that nothing reaches.
Claims claims_of(const OperatorRow& row);

// What the contract says of a row's version; NULL: nothing.
const ContractVersion* version_of_row(const OperatorRow& row);
// The types that the row lists for a constraint; NULL: none.
const uint64_t* listed(const OperatorRow& row, std::string_view constraint);

}  // namespace tenon::conformance
