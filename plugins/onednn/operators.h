// SPDX-License-Identifier: Apache-2.0
//
// The operators of this plugin, a function in each file; platform.cc lists them.
#pragma once

#include <span>

#include "tenon/device/kernel.h"

namespace tenon::onednn {

inline constexpr uint64_t kFloat32 = device::dtype_bit(TN_FLOAT32);

std::span<const device::OperatorEntry> eltwise_operators();
std::span<const device::OperatorEntry> binary_operators();
std::span<const device::OperatorEntry> matmul_operators();
std::span<const device::OperatorEntry> conv_operators();
std::span<const device::OperatorEntry> pool_operators();
std::span<const device::OperatorEntry> norm_operators();
std::span<const device::OperatorEntry> reduce_operators();

}  // namespace tenon::onednn
