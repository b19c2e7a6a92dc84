// SPDX-License-Identifier: Apache-2.0
//
// The layouts of a device's tensors, for reorder, constants and the kernels that take tokens. Each
// plugin defines these functions.
#pragma once

#include <cstdint>
#include <span>

#include "tenon/device/kernel.h"

namespace tenon::device {

// Whether `layout` is a token of this device.
bool is_token(tn_layout layout);

// Bytes of a tensor in any layout. Throws KernelError: TN_INVALID_ARGUMENT for an unknown token or
// one that does not fit dtype and dims, TN_OUT_OF_RANGE beyond 2^63 bytes.
uint64_t layout_bytes(tn_layout layout, tn_dtype dtype, std::span<const int64_t> dims);

// Copies between two layouts. Both views have equal dims and dtype, do not overlap, and have passed
// layout_bytes().
void reorder(const View& dst, const View& src, const Execution& execution);

}  // namespace tenon::device
