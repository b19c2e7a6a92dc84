// SPDX-License-Identifier: Apache-2.0
#include "suite/text.h"

#include <cstring>
#include <nlohmann/json.hpp>

namespace tenon::conformance {

std::string fault_of_text(const char* field, size_t size) {
  const size_t length = strnlen(field, size);
  if (length == size) return "has no end within its " + std::to_string(size) + " bytes";
  try {
    static_cast<void>(nlohmann::json(std::string(field, length)).dump());
  } catch (const nlohmann::json::type_error&) {
    return "is not UTF-8";
  }
  return "";
}

}  // namespace tenon::conformance
