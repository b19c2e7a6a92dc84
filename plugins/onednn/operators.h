// SPDX-License-Identifier: Apache-2.0
//
// The operators of this plugin, a function in each file; platform.cc lists them.
#pragma once

#include <span>

#include "reference_impl/cpu/kernel.h"

namespace tenon::onednn {

inline constexpr uint64_t kFloat32 = cpu::dtype_bit(TN_FLOAT32);

std::span<const cpu::OperatorEntry> eltwise_operators();
std::span<const cpu::OperatorEntry> binary_operators();
std::span<const cpu::OperatorEntry> matmul_operators();
std::span<const cpu::OperatorEntry> conv_operators();
std::span<const cpu::OperatorEntry> pool_operators();
std::span<const cpu::OperatorEntry> norm_operators();
std::span<const cpu::OperatorEntry> reduce_operators();

}  // namespace tenon::onednn
