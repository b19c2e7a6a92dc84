// SPDX-License-Identifier: Apache-2.0
#include "runtime/operation.h"

#include <algorithm>
#include <bit>

#include "runtime/hash.h"
#include "runtime/registry.h"
#include "tenon/cpp/error.hpp"

namespace tenon::runtime {
namespace {

// The variant's alternatives in their order.
constexpr tn_attribute_type kTypes[] = {TN_ATTRIBUTE_INT,    TN_ATTRIBUTE_FLOAT,
                                        TN_ATTRIBUTE_STRING, TN_ATTRIBUTE_INTS,
                                        TN_ATTRIBUTE_FLOATS, TN_ATTRIBUTE_STRINGS};
constexpr const char* kTypeNames[] = {"int", "float", "string", "ints", "floats", "strings"};

uint64_t hash_text(uint64_t hash, std::string_view text) {
  hash = mix(hash, text.size());
  while (text.size() >= 8) {
    uint64_t word;
    __builtin_memcpy(&word, text.data(), 8);
    hash = mix(hash, word);
    text.remove_prefix(8);
  }
  uint64_t rest = 0;
  for (char c : text) rest = rest << 8 | static_cast<unsigned char>(c);
  return mix(hash, rest);
}

uint64_t hash_value(uint64_t hash, const AttributeValue& value) {
  hash = mix(hash, value.index());
  if (auto* i = std::get_if<int64_t>(&value)) return mix(hash, static_cast<uint64_t>(*i));
  if (auto* f = std::get_if<float>(&value)) return mix(hash, std::bit_cast<uint32_t>(*f));
  if (auto* s = std::get_if<std::string>(&value)) return hash_text(hash, *s);
  if (auto* ints = std::get_if<std::vector<int64_t>>(&value)) {
    hash = mix(hash, ints->size());
    for (int64_t i : *ints) hash = mix(hash, static_cast<uint64_t>(i));
    return hash;
  }
  if (auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    hash = mix(hash, texts->size());
    for (const std::string& text : *texts) hash = hash_text(hash, text);
    return hash;
  }
  const auto& floats = std::get<std::vector<float>>(value);
  hash = mix(hash, floats.size());
  for (float f : floats) hash = mix(hash, std::bit_cast<uint32_t>(f));
  return hash;
}

// Bits, not values: a kernel made for one NaN serves that NaN, and 0 is not -0.
bool same_value(const AttributeValue& a, const AttributeValue& b) {
  if (a.index() != b.index()) return false;
  const auto same = [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  };
  if (auto* f = std::get_if<float>(&a)) return same(*f, std::get<float>(b));
  if (auto* floats = std::get_if<std::vector<float>>(&a)) {
    const auto& others = std::get<std::vector<float>>(b);
    return std::equal(floats->begin(), floats->end(), others.begin(), others.end(), same);
  }
  return a == b;
}

void check_attribute(const OperatorInfo& info, const Attribute& attribute) {
  for (const AttributeFact& known : info.attributes) {
    if (known.name != attribute.name) continue;
    if (known.type == kTypes[attribute.value.index()]) return;
    throw Error(TN_INVALID_ARGUMENT, "",
                std::string(info.full_name) + ": attribute " + attribute.name + " may not be " +
                    kTypeNames[attribute.value.index()]);
  }
  throw Error(TN_INVALID_ARGUMENT, "",
              std::string(info.full_name) + " has no attribute " + attribute.name);
}

}  // namespace

Operation::Operation(std::string_view name, std::vector<Attribute> attributes)
    : attributes_(std::move(attributes)) {
  const OperatorInfo* info = find_operator(name);
  if (info == nullptr) {
    throw Error(TN_NOT_FOUND, "", "no operator is called " + std::string(name) + " in spec/ops");
  }
  domain_ = info->domain;
  name_ = info->name;
  version_ = info->version;
  index_ = static_cast<uint32_t>(info - operators().data());
  // Few and nearly sorted.
  for (size_t i = 0; i < attributes_.size(); ++i) {
    check_attribute(*info, attributes_[i]);
    for (size_t j = i; j > 0 && attributes_[j].name <= attributes_[j - 1].name; --j) {
      if (attributes_[j].name == attributes_[j - 1].name) {
        throw Error(TN_INVALID_ARGUMENT, "",
                    std::string(name) + ": attribute " + attributes_[j].name + " is given twice");
      }
      std::swap(attributes_[j], attributes_[j - 1]);
    }
  }
  hash_ = mix(0x9e3779b97f4a7c15, index_ + 1);
  for (const Attribute& attribute : attributes_) {
    hash_ = hash_value(hash_text(hash_, attribute.name), attribute.value);
  }
}

bool Operation::same_attributes(const Operation& other) const {
  if (attributes_.size() != other.attributes_.size()) return false;
  for (size_t i = 0; i < attributes_.size(); ++i) {
    if (attributes_[i].name != other.attributes_[i].name ||
        !same_value(attributes_[i].value, other.attributes_[i].value)) {
      return false;
    }
  }
  return true;
}

}  // namespace tenon::runtime
