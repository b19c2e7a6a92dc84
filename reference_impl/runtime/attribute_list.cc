// SPDX-License-Identifier: Apache-2.0
#include "runtime/attribute_list.h"

namespace tenon::runtime {

tn_attribute AttributeList::convert(const Attribute& from) {
  tn_attribute to{};
  to.struct_size = sizeof(to);
  to.name = from.name.c_str();
  to.count = 1;
  if (auto* i = std::get_if<int64_t>(&from.value)) {
    to.type = TN_ATTRIBUTE_INT;
    to.ints = i;
  } else if (auto* f = std::get_if<float>(&from.value)) {
    to.type = TN_ATTRIBUTE_FLOAT;
    to.floats = f;
  } else if (auto* s = std::get_if<std::string>(&from.value)) {
    to.type = TN_ATTRIBUTE_STRING;
    to.strings = &strings_.emplace_back(tn_string{s->data(), s->size()});
  } else if (auto* ints = std::get_if<std::vector<int64_t>>(&from.value)) {
    to.type = TN_ATTRIBUTE_INTS;
    to.count = ints->size();
    to.ints = ints->data();
  } else if (auto* texts = std::get_if<std::vector<std::string>>(&from.value)) {
    to.type = TN_ATTRIBUTE_STRINGS;
    to.count = texts->size();
    to.strings = strings_.data() + strings_.size();
    for (const std::string& text : *texts) strings_.push_back({text.data(), text.size()});
  } else {
    const auto& floats = std::get<std::vector<float>>(from.value);
    to.type = TN_ATTRIBUTE_FLOATS;
    to.count = floats.size();
    to.floats = floats.data();
  }
  return to;
}

AttributeList::AttributeList(std::span<const Attribute> attributes) {
  attributes_.reserve(attributes.size());
  size_t strings = 0;
  for (const Attribute& attribute : attributes) {
    const auto* texts = std::get_if<std::vector<std::string>>(&attribute.value);
    strings += texts != nullptr ? texts->size() : 1;
  }
  strings_.reserve(strings);
  for (const Attribute& attribute : attributes) attributes_.push_back(convert(attribute));
  for (const tn_attribute& attribute : attributes_) pointers_.push_back(&attribute);
}

}  // namespace tenon::runtime
