// SPDX-License-Identifier: Apache-2.0
//
// Element types: PyTorch's and Tenon's, and PyTorch's numbers as such.
#pragma once

#include <c10/core/Scalar.h>
#include <c10/core/ScalarType.h>

#include "tenon/cpp/number.hpp"

namespace tenon::pytorch {

using c10::ScalarType;

// TN_DTYPE_UNDEFINED for types that devices need not know; they are moved as bits.
tn_dtype to_tenon(ScalarType type);

// Types that the operators of the tables compute with. Others (complex, float8, the wide unsigned
// ones) are moved here but computed by the fallback.
bool computable(ScalarType type);

// Without loss.
Number number_of(const at::Scalar& value);

}  // namespace tenon::pytorch
