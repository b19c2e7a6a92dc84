// SPDX-License-Identifier: Apache-2.0
#include "suite/contract.h"

#include <algorithm>
#include <utility>

#include "tenon/cpp/operator_attributes.hpp"

namespace tenon::conformance {
namespace {

using enum ContractParameter::Flags;
using type_set::bit, type_set::kAll, type_set::kFloat, type_set::kInteger, type_set::kNumeric;

#include "suite/generated/contract.inc"

}  // namespace

const ContractParameter* ContractVersion::at(std::span<const ContractParameter> list, size_t i) {
  if (i < list.size()) return &list[i];
  return !list.empty() && (list.back().flags & kVariadic) != 0 ? &list.back() : nullptr;
}

bool ContractVersion::knows(std::string_view attribute) const {
  return std::ranges::find(attributes, attribute) != attributes.end();
}

const ContractVersion* ContractOperator::version(int32_t number) const {
  const auto found = std::ranges::find(versions, number, &ContractVersion::version);
  return found != versions.end() ? &*found : nullptr;
}

const ContractOperator* find_contract(std::string_view domain, std::string_view name) {
  const auto found = std::ranges::find_if(
      kOperators, [&](const auto& one) { return one.domain == domain && one.name == name; });
  return found != std::end(kOperators) ? found : nullptr;
}

bool caller_decides_dims(std::string_view domain, std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kList[] = {
#include "suite/generated/caller_dims.inc"
  };
  return std::ranges::find(kList, std::pair(domain, name)) != std::end(kList);
}

}  // namespace tenon::conformance
