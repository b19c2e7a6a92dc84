// SPDX-License-Identifier: Apache-2.0
//
// Whether a device computed what an oracle expects: the one place that knows how far off a result
// may be. Element by element,
//
//     |actual - exact| <= u * ulp(T) + c * eps(T) * condition
//
// with T the output's type, ulp(T) the distance of its numbers at the exact value, eps(T) at 1, and
// the condition the oracle's (number.h), at least |exact|. u and c come from spec/ops.
#pragma once

#include <string>

#include "suite/host_tensor.h"

namespace tenon::conformance {

struct Tolerance {
  double u = 0;
  double c = 0;
  double factors =
      0;  // What rounds the factors of products to a narrower format adds to c * eps(T).
};

// What the contract grants an operator's results of a type, for kernels described with `mode`;
// nothing for types that are not floats. Throws std::out_of_range for an operator that is not in
// the contract.
Tolerance tolerance_of(const std::string& domain, const std::string& name, tn_dtype dtype,
                       tn_math_mode mode = TN_MATH_STRICT);

// The distance of the type's numbers around a value.
Real ulp(tn_dtype dtype, Real value);

// What may be wrong with an element of this type whose exact value is known: one tolerance.
Real granted(tn_dtype dtype, const Number& exact, const Tolerance& tolerance);

// How a result compares with what was expected. `text` is empty when all elements are within the
// tolerance, NaN and infinities in the same places (but a value that may round to infinity may be
// one); else it tells of the element that is furthest outside. The errors are those of the worst
// elements; 0 of types that are no floats, kHopeless where no number says how wrong it is.
struct Verdict {
  std::string text;
  double tolerances = 0;  // In parts of what is granted.
  double ulps = 0;        // In units of the type at the exact value.
};
inline constexpr double kHopeless = 1e9;

Verdict judge(const HostTensor& actual, const Expected& expected, const Tolerance& tolerance = {});

// Its text alone.
std::string difference(const HostTensor& actual, const Expected& expected,
                       const Tolerance& tolerance = {});

}  // namespace tenon::conformance
