// SPDX-License-Identifier: Apache-2.0
//
// What kernel.h promises to the authors of kernels: View and the attributes of a Description.
#include "tenon/device/kernel.h"

#include <algorithm>
#include <cstring>

namespace tenon::device {
namespace {

[[noreturn]] void wrong_type(std::string_view name, const char* expected) {
  throw KernelError(TN_INVALID_ARGUMENT,
                    "attribute " + std::string(name) + " must be " + std::string(expected));
}

std::string string_of(const tn_string& text) {
  return text.data != nullptr ? std::string(text.data, text.size) : std::string();
}

}  // namespace

void Execution::copy(std::byte* dst, const std::byte* src, uint64_t size) const {
  if (size != 0) std::memcpy(dst, src, size);
}

void Execution::fill(std::byte* dst, uint64_t size, const std::byte* pattern,
                     uint64_t pattern_size) const {
  if (size == 0) return;
  // Doubles the filled part until it is large enough to be worth a plain loop.
  std::memcpy(dst, pattern, pattern_size);
  uint64_t done = pattern_size;
  while (done < size) {
    const uint64_t step = std::min(done, size - done);
    std::memcpy(dst + done, dst, step);
    done += step;
  }
}

bool View::dense() const {
  if (layout != TN_LAYOUT_STRIDED) return false;
  int64_t expected = 1;
  for (int32_t i = rank; i-- > 0;) {
    if (dims[i] == 0) return true;
    if (dims[i] != 1 && strides[i] != expected) return false;
    expected *= dims[i];
  }
  return true;
}

const tn_attribute* Description::find(std::string_view name) const {
  for (size_t i = 0; i < desc_.attribute_count; ++i) {
    if (name == desc_.attributes[i]->name) {
      asked_ |= uint64_t{1} << i;
      return desc_.attributes[i];
    }
  }
  return nullptr;
}

const char* Description::unknown_attribute() const {
  for (size_t i = 0; i < desc_.attribute_count; ++i) {
    if ((asked_ >> i & 1) == 0) return desc_.attributes[i]->name;
  }
  return nullptr;
}

const AttributeFact& Description::fact(std::string_view name) const {
  static constexpr AttributeFact kNone = AttributeFact::optional("", TN_ATTRIBUTE_INT);
  const OperatorId* id = op::find(desc_.domain, desc_.name);
  for (size_t i = 0; id != nullptr && i < id->attribute_count; ++i) {
    if (name == id->attributes[i].name) return id->attributes[i];
  }
  return kNone;
}

bool Description::has_attribute(std::string_view name) const { return find(name) != nullptr; }

int64_t Description::integer(std::string_view name) const {
  const tn_attribute* attribute = find(name);
  if (attribute == nullptr) return fact(name).integer;
  if (attribute->type != TN_ATTRIBUTE_INT) wrong_type(name, "an integer");
  return attribute->ints[0];
}

float Description::real(std::string_view name) const {
  const tn_attribute* attribute = find(name);
  if (attribute == nullptr) return fact(name).real;
  if (attribute->type != TN_ATTRIBUTE_FLOAT) wrong_type(name, "a float");
  return attribute->floats[0];
}

std::string Description::text(std::string_view name) const {
  const tn_attribute* attribute = find(name);
  if (attribute == nullptr) return std::string(fact(name).text);
  if (attribute->type != TN_ATTRIBUTE_STRING) wrong_type(name, "a string");
  return string_of(attribute->strings[0]);
}

std::vector<int64_t> Description::integers(std::string_view name) const {
  const tn_attribute* attribute = find(name);
  if (attribute == nullptr) return {};
  if (attribute->type != TN_ATTRIBUTE_INTS) wrong_type(name, "a list of integers");
  return {attribute->ints, attribute->ints + attribute->count};
}

std::vector<float> Description::reals(std::string_view name) const {
  const tn_attribute* attribute = find(name);
  if (attribute == nullptr) return {};
  if (attribute->type != TN_ATTRIBUTE_FLOATS) wrong_type(name, "a list of floats");
  return {attribute->floats, attribute->floats + attribute->count};
}

std::vector<std::string> Description::texts(std::string_view name) const {
  const tn_attribute* attribute = find(name);
  if (attribute == nullptr) return {};
  if (attribute->type != TN_ATTRIBUTE_STRINGS) wrong_type(name, "a list of strings");
  std::vector<std::string> texts(attribute->count);
  std::transform(attribute->strings, attribute->strings + attribute->count, texts.begin(),
                 string_of);
  return texts;
}

const tn_tensor* Description::tensor(std::string_view name) const {
  const tn_attribute* attribute = find(name);
  if (attribute == nullptr) return nullptr;
  if (attribute->type != TN_ATTRIBUTE_TENSOR) wrong_type(name, "a tensor");
  return attribute->tensors[0];
}

}  // namespace tenon::device
