// SPDX-License-Identifier: Apache-2.0
//
// Inputs and outputs of a description against what the operator contract says of them, for all
// kernels: how many there are, which must be there, and their element types.
#pragma once

#include "reference_impl/device/check_description.h"
#include "tenon/cpp/contract_fact.hpp"
#include "tenon/device/kernel.h"

namespace tenon::device {

// NULL for an operator, or a version, that is not of the contract.
const ContractVersion* contract_of(const char* domain, const char* name, int32_t version);

// Throws TN_INVALID_ARGUMENT for an input that is missing, for arguments beyond the operator's, and
// for tensors whose types differ where the contract says that they are one; TN_UNSUPPORTED for an
// element type that the contract does not allow.
void check_parameters(const OperatorId& id, const CheckedDescription& description);

}  // namespace tenon::device
