// SPDX-License-Identifier: Apache-2.0
//
// What spec/ops lets a device claim: operators, the since-versions of each that mean the same, and
// the element types of their parameters. Nothing of what comes out: that is the oracles' own.
#pragma once

#include <string_view>

#include "tenon/cpp/contract_fact.hpp"

namespace tenon::conformance {

using tenon::ContractOperator;
using tenon::ContractParameter;
using tenon::ContractReplaces;
using tenon::ContractVersion;

// NULL for an operator that spec/ops does not have, or that hosts do with dims and strides.
const ContractOperator* find_contract(std::string_view domain, std::string_view name);

// Whether the contract leaves the dims of an operator's outputs to the caller.
bool caller_decides_dims(std::string_view domain, std::string_view name);

}  // namespace tenon::conformance
