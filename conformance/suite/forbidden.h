// SPDX-License-Identifier: Apache-2.0
//
// Descriptions that the contract forbids, made of one that it allows: of each kind of fault one at
// a time, by seed.
#pragma once

#include <string>
#include <vector>

#include "suite/described.h"

namespace tenon::conformance {

struct Forbidden {
  KernelDesc desc;
  std::string what;  // "axis is 3, the most is 2"
  // The class of the answer. Element types may also be what the device lacks.
  bool may_be_unsupported = false;
};

// All that are made of the description of a case, in an order that the seed gives.
std::vector<Forbidden> forbidden_of(const OperatorCase& c, const KernelDesc& good, uint64_t seed);

}  // namespace tenon::conformance
