// SPDX-License-Identifier: Apache-2.0
//
// The parts of the families of reductions and of normalizations, by file.
#pragma once

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

// reduction_operators()
std::span<const OperatorEntry> sum_reduction_operators();
std::span<const OperatorEntry> extreme_reduction_operators();
std::span<const OperatorEntry> axes_reduction_operators();
std::span<const OperatorEntry> arg_reduction_operators();
std::span<const OperatorEntry> cumulative_operators();

// normalization_operators()
std::span<const OperatorEntry> softmax_operators();
std::span<const OperatorEntry> layer_norm_operators();
std::span<const OperatorEntry> batch_norm_operators();

}  // namespace tenon::cpu
