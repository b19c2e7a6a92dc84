// SPDX-License-Identifier: Apache-2.0
#include "environment.h"

#include <sys/auxv.h>

#include <cstdlib>

namespace tenon::loader {

std::string Environment::get(const char* name) const {
  if (elevated) return "";
  const char* value = lookup(name);
  return value != nullptr ? value : "";
}

Environment Environment::of_process() {
  Environment environment;
  environment.elevated = getauxval(AT_SECURE) != 0;
  environment.lookup = [](const char* name) -> const char* { return std::getenv(name); };
  return environment;
}

}  // namespace tenon::loader
