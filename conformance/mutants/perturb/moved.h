// SPDX-License-Identifier: Apache-2.0
//
// An element that is a little off: by so much and hardly more.
#pragma once

#include <cstdint>
#include <optional>

#include "tenon/tenon.h"

namespace tenon::perturb {

// The bits of an element of this type, moved by at least `distance`: the next number that is so far
// away, an integer by one, a truth turned into its contrary. What is no number becomes 0. Nothing
// where the type has no number so far away.
std::optional<uint64_t> moved(tn_dtype dtype, uint64_t bits, double distance);

// The same by units of the type's last place.
std::optional<uint64_t> moved_by_units(tn_dtype dtype, uint64_t bits, int64_t units);

// What is special about a number: "nan", "infinity", "subnormal", "minus_zero", "large"; NULL for
// ordinary ones, and for what is no float.
const char* kind_of(tn_dtype dtype, uint64_t bits);

}  // namespace tenon::perturb
