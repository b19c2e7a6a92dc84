// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/attribute_bounds.h"

#include <algorithm>
#include <span>
#include <sstream>

#include "tenon/device/operators/shape.h"

namespace tenon::device {
namespace {

std::string text_of(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

// The limit's value, a scalar's rank counting as 1; false where the rank is not known.
bool value_of(const AttributeLimit& limit, const tn_kernel_desc& desc, double* value) {
  *value = limit.offset;
  if (limit.sign == 0) return true;
  if (limit.input >= desc.input_count || desc.inputs[limit.input]->kind == TN_ARGUMENT_ABSENT)
    return false;
  *value += limit.sign * std::max(desc.inputs[limit.input]->rank, 1);
  return true;
}

std::string of_rank(const AttributeLimit& limit, const tn_kernel_desc& desc) {
  if (limit.sign == 0) return "";
  return " (input " + std::to_string(limit.input) + " has rank " +
         std::to_string(desc.inputs[limit.input]->rank) + ")";
}

class Checker {
 public:
  Checker(const OperatorId& id, const AttributeFact& fact, const tn_kernel_desc& desc)
      : id_(id), fact_(fact), desc_(desc) {}

  void check(const tn_attribute& given) const {
    if (given.type != fact_.type) refuse("is of another type");
    for (size_t i = 0; i < given.count; ++i) {
      if (given.type == TN_ATTRIBUTE_STRING)
        check_word({given.strings[i].data, given.strings[i].size});
      if (given.type == TN_ATTRIBUTE_INT || given.type == TN_ATTRIBUTE_INTS)
        check_number(static_cast<double>(given.ints[i]));
      if (given.type == TN_ATTRIBUTE_FLOAT || given.type == TN_ATTRIBUTE_FLOATS)
        check_number(given.floats[i]);
    }
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw_invalid(id_.name, "the attribute " + std::string(fact_.name) + " " + what);
  }

 private:
  void check_word(std::string_view word) const {
    const auto* end = fact_.words + fact_.value_count;
    if (fact_.value_count == 0 || std::find(fact_.words, end, word) != end) return;
    std::string known;
    for (const auto* one = fact_.words; one != end; ++one) {
      known += (known.empty() ? "" : ", ") + std::string(*one);
    }
    refuse("is '" + std::string(word) + "', not one of " + known);
  }

  void check_number(double number) const {
    const auto* end = fact_.numbers + fact_.value_count;
    if (fact_.value_count > 0 &&
        std::find(fact_.numbers, end, static_cast<int64_t>(number)) == end) {
      std::string known;
      for (const auto* one = fact_.numbers; one != end; ++one) {
        known += (known.empty() ? "" : ", ") + std::to_string(*one);
      }
      refuse("is " + text_of(number) + ", not one of " + known);
    }
    double limit;
    if (fact_.has_least && value_of(fact_.least, desc_, &limit) && number < limit)
      refuse("is " + text_of(number) + ", at least " + text_of(limit) +
             of_rank(fact_.least, desc_));
    if (fact_.has_most && value_of(fact_.most, desc_, &limit) && number > limit)
      refuse("is " + text_of(number) + ", at most " + text_of(limit) + of_rank(fact_.most, desc_));
  }

  const OperatorId& id_;
  const AttributeFact& fact_;
  const tn_kernel_desc& desc_;
};

std::string full_name(const OperatorId& id) {
  return (*id.domain == '\0' ? "" : std::string(id.domain) + ".") + id.name;
}

// The contract lists all attributes of an operator of its domains; a vendor's own may have no list.
bool is_listed(const OperatorId& id) {
  return id.attribute_count != 0 || *id.domain == '\0' || op::find(id.domain, id.name) != nullptr;
}

}  // namespace

void check_attributes(const OperatorId& id, const tn_kernel_desc& desc) {
  const std::span facts(id.attributes, id.attribute_count);
  const std::span given(desc.attributes, desc.attribute_count);
  for (const tn_attribute* attribute : given) {
    const auto fact = std::ranges::find(facts, attribute->name, &AttributeFact::name);
    if (fact != facts.end()) {
      Checker(id, *fact, desc).check(*attribute);
    } else if (is_listed(id)) {
      throw KernelError(TN_INVALID_ARGUMENT,
                        full_name(id) + " has no attribute " + attribute->name);
    }
  }
  for (const AttributeFact& fact : facts) {
    const auto is_it = [&](const tn_attribute* one) { return fact.name == one->name; };
    if (fact.is_required && std::ranges::none_of(given, is_it))
      Checker(id, fact, desc).refuse("is missing: give it");
  }
}

}  // namespace tenon::device
