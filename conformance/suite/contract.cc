// SPDX-License-Identifier: Apache-2.0
#include "suite/contract.h"

#include <algorithm>
#include <utility>

#include "tenon/cpp/operator_contract.hpp"

namespace tenon::conformance {

const ContractOperator* find_contract(std::string_view domain, std::string_view name) {
  return op::find_contract(domain, name);
}

bool caller_decides_dims(std::string_view domain, std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kList[] = {
#include "suite/generated/caller_dims.inc"
  };
  return std::ranges::find(kList, std::pair(domain, name)) != std::end(kList);
}

}  // namespace tenon::conformance
