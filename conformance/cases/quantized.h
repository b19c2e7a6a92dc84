// SPDX-License-Identifier: Apache-2.0
//
// What the cases of quantized operators have in common.
#pragma once

#include "suite/host_tensor.h"

namespace tenon::conformance {

// The nearest value of a type; of none, the value itself.
Real nearest(tn_dtype type, Real value);
// To the nearest whole number, ties to even.
Real half_even(Real value);
// Rounded so, zero added, and no more than the type has.
Real saturated(tn_dtype type, Real value, Real zero);
// The largest finite number of a float type.
Real largest_of(tn_dtype type);
// The types that the contract allows for a parameter.
std::vector<tn_dtype> types_of(const char* domain, const char* name, bool output, size_t at);

}  // namespace tenon::conformance
