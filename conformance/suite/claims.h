// SPDX-License-Identifier: Apache-2.0
//
// What a device claims, and what of it has been exercised. A claim is an element type of a type
// constraint of a row of the device's table, at that row's own version; of constraints that the row
// does not list, every type that the contract allows.
#pragma once

#include <compare>
#include <set>
#include <string>
#include <vector>

#include "suite/case.h"
#include "suite/contract.h"
#include "suite/results.h"
#include "suite/subject.h"

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

// Whether a case can be put to a row: in the row's version it means the same and can be said, and
// all of its types are claimed.
bool fits(const OperatorCase& c, const OperatorRow& row);

// The claims that a case exercises when it is put to a row that it fits.
Claims exercised_by(const OperatorCase& c, const OperatorRow& row);

// "T1=float32 T2=int8": what a test records as "types" when it has launched and compared.
std::string types_text(const Claims& claims);

// What the tests of a run have reached of a table's claims, by what they recorded.
class Coverage {
 public:
  void add(const TestResult& result);
  std::vector<std::string> unreached(const std::vector<OperatorRow>& table) const;
  // "claims exercised: 1540 of 1540"
  std::string summary(const std::vector<OperatorRow>& table) const;

 private:
  Claims reached_;
};

}  // namespace tenon::conformance
