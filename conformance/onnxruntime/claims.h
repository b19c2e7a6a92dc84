// SPDX-License-Identifier: Apache-2.0
//
// Which operators and types ONNX Runtime's CPU kernels are judged for.
#pragma once

#include <cstdint>

#include "tenon/device/kernel.h"

namespace tenon::onnxruntime {

// A set of element types (dtype_bit), 0 for none.
uint64_t claimed_types(const device::OperatorEntry& entry);

}  // namespace tenon::onnxruntime
