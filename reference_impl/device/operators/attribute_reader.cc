// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/attribute_reader.h"

#include <algorithm>

#include "tenon/device/operators/shape.h"

namespace tenon::device {
namespace {

std::string string_from(const tn_string& text) {
  return text.data != nullptr ? std::string(text.data, text.size) : std::string();
}

// Null where it is not given. A description outside of the core may be of any type.
const tn_attribute* given(const Description& d, const AttributeFact& fact) {
  const tn_attribute* attribute = d.find(fact.name);
  if (attribute != nullptr && attribute->type != fact.type)
    throw_invalid(d.name(), "the attribute " + std::string(fact.name) + " is of another type");
  return attribute;
}

}  // namespace

void read_attribute(const Description& d, const AttributeFact& fact, bool& field) {
  if (const tn_attribute* attribute = given(d, fact)) field = attribute->ints[0] != 0;
}

void read_attribute(const Description& d, const AttributeFact& fact, int64_t& field) {
  if (const tn_attribute* attribute = given(d, fact)) field = attribute->ints[0];
}

void read_attribute(const Description& d, const AttributeFact& fact,
                    std::optional<int64_t>& field) {
  if (const tn_attribute* attribute = given(d, fact)) field = attribute->ints[0];
}

void read_attribute(const Description& d, const AttributeFact& fact, float& field) {
  if (const tn_attribute* attribute = given(d, fact)) field = attribute->floats[0];
}

void read_attribute(const Description& d, const AttributeFact& fact, std::optional<float>& field) {
  if (const tn_attribute* attribute = given(d, fact)) field = attribute->floats[0];
}

void read_attribute(const Description& d, const AttributeFact& fact, std::string& field) {
  if (const tn_attribute* attribute = given(d, fact)) field = string_from(attribute->strings[0]);
}

void read_attribute(const Description& d, const AttributeFact& fact, std::vector<int64_t>& field) {
  const tn_attribute* attribute = given(d, fact);
  if (attribute != nullptr) field.assign(attribute->ints, attribute->ints + attribute->count);
}

void read_attribute(const Description& d, const AttributeFact& fact, std::vector<float>& field) {
  const tn_attribute* attribute = given(d, fact);
  if (attribute != nullptr) field.assign(attribute->floats, attribute->floats + attribute->count);
}

void read_attribute(const Description& d, const AttributeFact& fact,
                    std::vector<std::string>& field) {
  const tn_attribute* attribute = given(d, fact);
  if (attribute == nullptr) return;
  field.resize(attribute->count);
  std::transform(attribute->strings, attribute->strings + attribute->count, field.begin(),
                 string_from);
}

void read_attribute(const Description& d, const AttributeFact& fact, const tn_tensor*& field) {
  if (const tn_attribute* attribute = given(d, fact)) field = attribute->tensors[0];
}

int read_word(const Description& d, const AttributeFact& fact, int otherwise) {
  const tn_attribute* attribute = given(d, fact);
  if (attribute == nullptr) return otherwise;
  const std::string word = string_from(attribute->strings[0]);
  const auto* end = fact.words + fact.value_count;
  const auto* found = std::find(fact.words, end, word);
  if (found == end)
    throw_invalid(d.name(),
                  "the attribute " + std::string(fact.name) + " may not be '" + word + "'");
  return static_cast<int>(found - fact.words);
}

}  // namespace tenon::device
