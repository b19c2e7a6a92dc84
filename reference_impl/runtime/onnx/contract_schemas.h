// SPDX-License-Identifier: Apache-2.0
//
// Operators that models have beside ONNX's own, as ONNX's code knows operators: so its checker,
// its inference and the importer treat them as any other.
#pragma once

#include <string_view>

namespace tenon::runtime::onnx_import {

// A domain of the contract whose operators models may use, and that the onnx package lacks.
bool is_contract_domain(std::string_view domain);

// Makes schemas of the contract's entries and gives them to ONNX's registry, once. Dims of outputs
// follow from the contract's shape rules.
void register_contract_schemas();

}  // namespace tenon::runtime::onnx_import
