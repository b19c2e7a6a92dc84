// SPDX-License-Identifier: Apache-2.0
#include "runtime/fallback_policy.h"

#include <array>
#include <cstdlib>
#include <string>

#include "tenon/cpp/error.hpp"

namespace tenon::runtime {
namespace {

constexpr std::array<const char*, 3> kNames = {"allow", "warn", "error"};

}  // namespace

const char* name_of(FallbackPolicy policy) { return kNames[static_cast<size_t>(policy)]; }

FallbackPolicy parse_fallback_policy(std::string_view name, std::string_view what) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<FallbackPolicy>(i);
  }
  throw Error(TN_INVALID_ARGUMENT, "",
              std::string(what) + " is allow, warn or error, not \"" + std::string(name) + "\"");
}

FallbackPolicy fallback_policy_of_environment() {
  const char* text = std::getenv("TENON_FALLBACK");
  if (text == nullptr) return FallbackPolicy::kWarn;
  return parse_fallback_policy(text, "TENON_FALLBACK");
}

}  // namespace tenon::runtime
