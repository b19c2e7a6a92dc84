// SPDX-License-Identifier: Apache-2.0
//
// Texts that a plugin has written.
#pragma once

#include <cstddef>
#include <string>

namespace tenon::conformance {

// What is wrong with a text in a field of `size` bytes: "has no end", "is not UTF-8"; empty:
// nothing.
std::string fault_of_text(const char* field, size_t size);

template <size_t size>
std::string fault_of_text(const char (&field)[size]) {
  return fault_of_text(field, size);
}

}  // namespace tenon::conformance
