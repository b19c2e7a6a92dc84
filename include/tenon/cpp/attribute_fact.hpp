// SPDX-License-Identifier: Apache-2.0
//
// What the operator contract says of one attribute. Generated tables are made of these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "tenon/tenon.h"

namespace tenon {

// sign * (rank of an input) + offset; sign 0: the offset.
struct AttributeLimit {
  int sign = 0;
  size_t input = 0;
  double offset = 0;
};

struct AttributeFact {
  static constexpr size_t kMaxValues = 8;

  std::string_view name;
  tn_attribute_type type;
  bool is_required = false;
  // The default; of a list it is empty. An attribute without one may be absent, which means
  // something of its own.
  bool has_default = false;
  int64_t integer = 0;
  float real = 0;
  std::string_view text = {};
  // The values that it may have: words or whole numbers. 0 of them: any, within the limits.
  std::string_view words[kMaxValues] = {};
  int64_t numbers[kMaxValues] = {};
  size_t value_count = 0;
  // Of each number of it.
  bool has_least = false, has_most = false;
  AttributeLimit least = {}, most = {};

  static constexpr AttributeFact required(std::string_view name, tn_attribute_type type) {
    return {name, type, true};
  }
  static constexpr AttributeFact optional(std::string_view name, tn_attribute_type type) {
    return {name, type};
  }
  static constexpr AttributeFact list(std::string_view name, tn_attribute_type type) {
    return {name, type, false, true};
  }
  static constexpr AttributeFact with(std::string_view name, int64_t value) {
    return {name, TN_ATTRIBUTE_INT, false, true, value};
  }
  static constexpr AttributeFact with(std::string_view name, float value) {
    return {name, TN_ATTRIBUTE_FLOAT, false, true, 0, value};
  }
  static constexpr AttributeFact with(std::string_view name, std::string_view value) {
    return {name, TN_ATTRIBUTE_STRING, false, true, 0, 0, value};
  }

  constexpr AttributeFact one_of_words(std::initializer_list<std::string_view> values) const {
    AttributeFact fact = *this;
    for (const std::string_view value : values) fact.words[fact.value_count++] = value;
    return fact;
  }
  constexpr AttributeFact one_of(std::initializer_list<int64_t> values) const {
    AttributeFact fact = *this;
    for (const int64_t value : values) fact.numbers[fact.value_count++] = value;
    return fact;
  }
  constexpr AttributeFact at_least(AttributeLimit limit) const {
    AttributeFact fact = *this;
    fact.has_least = true;
    fact.least = limit;
    return fact;
  }
  constexpr AttributeFact at_most(AttributeLimit limit) const {
    AttributeFact fact = *this;
    fact.has_most = true;
    fact.most = limit;
    return fact;
  }
};

}  // namespace tenon
