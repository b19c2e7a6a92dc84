// SPDX-License-Identifier: Apache-2.0
//
// The families of operators, one function in each file (or group of files) of this folder.
#pragma once

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

std::span<const OperatorEntry> elementwise_operators();
std::span<const OperatorEntry> cast_copy_operators();  // Identity, Cast, tenon.Fill
std::span<const OperatorEntry> reduction_operators();
std::span<const OperatorEntry> contraction_operators();
std::span<const OperatorEntry> pooling_operators();
std::span<const OperatorEntry> normalization_operators();
std::span<const OperatorEntry> movement_operators();
std::span<const OperatorEntry> training_operators();
std::span<const OperatorEntry> random_operators();
std::span<const OperatorEntry> signal_operators();

}  // namespace tenon::cpu
