// SPDX-License-Identifier: Apache-2.0
//
// The parts of the family, by file.
#pragma once

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

std::span<const OperatorEntry> dft_operators();
std::span<const OperatorEntry> determinant_operators();

}  // namespace tenon::cpu
