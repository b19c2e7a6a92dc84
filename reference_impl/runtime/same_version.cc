// SPDX-License-Identifier: Apache-2.0
#include "runtime/same_version.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace tenon::runtime {
namespace {

bool in(uint64_t dtypes, tn_dtype dtype) {
  return dtype >= 0 && dtype < 64 && (dtypes >> dtype & 1) != 0;
}

const tn_argument* present(const tn_argument* const* arguments, size_t count, size_t i) {
  return i < count && arguments[i]->kind != TN_ARGUMENT_ABSENT ? arguments[i] : nullptr;
}

size_t present_count(const tn_argument* const* arguments, size_t count) {
  while (count > 0 && present(arguments, count, count - 1) == nullptr) --count;
  return count;
}

bool fits(size_t count, uint8_t most) { return most == SameVersion::kAnyNumber || count <= most; }

const tn_argument* argument_at(const tn_kernel_desc& desc, uint8_t position) {
  if ((position & kOutput) == 0) return present(desc.inputs, desc.input_count, position);
  return present(desc.outputs, desc.output_count, position & ~kOutput);
}

bool has_types(const OperatorInfo& info, const SameVersion& version, const tn_kernel_desc& desc) {
  const uint8_t column = info.column < 0 ? kOutput : static_cast<uint8_t>(info.column);
  const tn_argument* main = argument_at(desc, column);
  if (main != nullptr && !in(version.dtypes, main->dtype)) return false;
  for (const TypeLimit& limit : version.limits) {
    const tn_argument* argument = argument_at(desc, limit.position);
    if (argument != nullptr && !in(limit.dtypes, argument->dtype)) return false;
  }
  return true;
}

bool keeps_ties(std::string_view ties, const tn_kernel_desc& desc) {
  for (size_t i = 0; i < ties.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const tn_argument* a = present(desc.inputs, desc.input_count, i);
      const tn_argument* b = present(desc.inputs, desc.input_count, j);
      if (ties[i] == ties[j] && a != nullptr && b != nullptr && a->dtype != b->dtype) return false;
    }
  }
  return true;
}

bool is_default(const AttributeFact& info, const tn_attribute& given) {
  if (!info.has_default || given.type != info.type) return false;
  switch (given.type) {
    case TN_ATTRIBUTE_INT:
      return given.ints[0] == info.integer;
    case TN_ATTRIBUTE_FLOAT:
      return std::bit_cast<uint32_t>(given.floats[0]) == std::bit_cast<uint32_t>(info.real);
    case TN_ATTRIBUTE_STRING:
      return std::string_view(given.strings[0].data, given.strings[0].size) == info.text;
    default:
      return given.count == 0;
  }
}

bool lacks(const SameVersion& version, const tn_attribute& attribute) {
  return std::ranges::find(version.lacks, std::string_view(attribute.name)) != version.lacks.end();
}

bool knows_attributes(const OperatorInfo& info, const SameVersion& version,
                      const tn_kernel_desc& desc) {
  return std::all_of(
      desc.attributes, desc.attributes + desc.attribute_count, [&](const tn_attribute* given) {
        if (!lacks(version, *given)) return true;
        const auto known =
            std::ranges::find(info.attributes, std::string_view(given->name), &AttributeFact::name);
        return known != info.attributes.end() && is_default(*known, *given);
      });
}

}  // namespace

bool expresses(const OperatorInfo& info, const SameVersion& version, const tn_kernel_desc& desc) {
  const size_t inputs = present_count(desc.inputs, desc.input_count);
  const size_t outputs = present_count(desc.outputs, desc.output_count);
  if (!fits(inputs, version.inputs) || !fits(outputs, version.outputs)) return false;
  for (size_t i = 0; i < version.required; ++i) {
    if (present(desc.inputs, desc.input_count, i) == nullptr) return false;
  }
  return has_types(info, version, desc) && keeps_ties(version.ties, desc) &&
         knows_attributes(info, version, desc);
}

// Without attributes that the version lacks; they are at the default.
const tn_kernel_desc* VersionedDescription::get(int32_t version) {
  desc_ = whole_;
  desc_.version = version;
  const auto same = std::ranges::find(info_.same, version, &SameVersion::version);
  if (same == info_.same.end() || same->lacks.empty()) return &desc_;
  attributes_.clear();
  std::copy_if(whole_.attributes, whole_.attributes + whole_.attribute_count,
               std::back_inserter(attributes_),
               [&](const tn_attribute* given) { return !lacks(*same, *given); });
  desc_.attributes = attributes_.data();
  desc_.attribute_count = attributes_.size();
  return &desc_;
}

}  // namespace tenon::runtime
