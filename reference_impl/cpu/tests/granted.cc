// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/tests/granted.h"

#include <limits>

#include "suite/compare.h"

namespace tenon::cpu::testing {

Granted::Granted(const std::string& domain, const std::string& name, tn_dtype dtype)
    : dtype_(dtype) {
  const conformance::Tolerance granted = conformance::tolerance_of(domain, name, dtype);
  if (granted.u == 0 && granted.c == 0) return;
  // The expected value is rounded to the type, too, and was computed in double.
  units_ = granted.u + 0.5;
  const double of_oracle = 8 * std::numeric_limits<double>::epsilon();
  of_condition_ = granted.c * static_cast<double>(conformance::ulp(dtype, 1)) + of_oracle;
}

double Granted::at(double exact, double condition) const {
  if (units_ == 0) return 0;
  return units_ * static_cast<double>(conformance::ulp(dtype_, exact)) + of_condition_ * condition;
}

}  // namespace tenon::cpu::testing
