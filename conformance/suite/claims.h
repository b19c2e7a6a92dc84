// SPDX-License-Identifier: Apache-2.0
//
// Which of a device's claims (report/claimed.h) a case can exercise.
#pragma once

#include <string>

#include "report/claimed.h"
#include "suite/case.h"
#include "suite/contract.h"

namespace tenon::conformance {

// Whether a case can be put to a row: in the row's version it means the same and can be said, and
// all of its types are claimed.
bool fits(const OperatorCase& c, const OperatorRow& row);

// The claims that a case exercises when it is put to a row that it fits.
Claims exercised_by(const OperatorCase& c, const OperatorRow& row);

// "T1=float32 T2=int8": what a test records as "types" when it has launched and compared.
std::string types_text(const Claims& claims);

}  // namespace tenon::conformance
