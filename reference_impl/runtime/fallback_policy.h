// SPDX-License-Identifier: Apache-2.0
//
// The fallback policy and its names, which every adapter takes and shows.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::runtime {

// What to do with an operator that the device does not have, not even by decomposition: run it on
// the reference CPU device and count it, the same with one warning per operator, or throw. Set by
// TENON_FALLBACK=allow|warn|error; the default is warn.
enum class FallbackPolicy : uint8_t { kAllow, kWarn, kError };

// "allow", "warn", "error".
const char* name_of(FallbackPolicy policy);

// The policy of that name. Throws TN_INVALID_ARGUMENT that begins with `what`, where the name came
// from, and says what is allowed.
FallbackPolicy parse_fallback_policy(std::string_view name, std::string_view what);

// TENON_FALLBACK, or kWarn when it is not set.
FallbackPolicy fallback_policy_of_environment();

}  // namespace tenon::runtime
