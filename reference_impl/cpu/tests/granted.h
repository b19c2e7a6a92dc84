// SPDX-License-Identifier: Apache-2.0
//
// How far off a kernel's result may be: by the contract, as the conformance suite grants it. The
// oracles of these tests compute in double and know no condition (conformance/suite/number.h); a
// test gives it for each element.
#pragma once

#include <string>

#include "tenon/tenon.h"

namespace tenon::cpu::testing {

class Granted {
 public:
  // Nothing but 0 for what the contract wants exact.
  Granted(const std::string& domain, const std::string& name, tn_dtype dtype);
  // Of an element that is `exact`, with its condition.
  double at(double exact, double condition) const;

 private:
  tn_dtype dtype_;
  double units_ = 0;  // Of the result's last place.
  double of_condition_ = 0;
};

}  // namespace tenon::cpu::testing
