// SPDX-License-Identifier: Apache-2.0
//
// How the generated structs of attributes.h read a description.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/device/kernel.h"

namespace tenon::device {

// Each leaves the field as it is where the description does not give the attribute, and throws
// TN_INVALID_ARGUMENT for one of another type. The device core has looked at bounds by then.
void read_attribute(const Description& d, const AttributeFact& fact, bool& field);
void read_attribute(const Description& d, const AttributeFact& fact, int64_t& field);
void read_attribute(const Description& d, const AttributeFact& fact, std::optional<int64_t>& field);
void read_attribute(const Description& d, const AttributeFact& fact, float& field);
void read_attribute(const Description& d, const AttributeFact& fact, std::optional<float>& field);
void read_attribute(const Description& d, const AttributeFact& fact, std::string& field);
void read_attribute(const Description& d, const AttributeFact& fact, std::vector<int64_t>& field);
void read_attribute(const Description& d, const AttributeFact& fact, std::vector<float>& field);
void read_attribute(const Description& d, const AttributeFact& fact,
                    std::vector<std::string>& field);
void read_attribute(const Description& d, const AttributeFact& fact, const tn_tensor*& field);

// The place of the given word among those of the fact, or `otherwise`.
int read_word(const Description& d, const AttributeFact& fact, int otherwise);
template <class Enum>
  requires std::is_enum_v<Enum>
void read_attribute(const Description& d, const AttributeFact& fact, Enum& field) {
  field = static_cast<Enum>(read_word(d, fact, static_cast<int>(field)));
}

// A field each fact, in their order.
template <size_t kCount, class... Fields>
void read_attributes(const Description& d, const AttributeFact (&facts)[kCount],
                     Fields&... fields) {
  static_assert(kCount == sizeof...(Fields));
  const AttributeFact* fact = facts;
  (read_attribute(d, *fact++, fields), ...);
}

}  // namespace tenon::device
