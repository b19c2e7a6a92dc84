// SPDX-License-Identifier: Apache-2.0
//
// Kernels of the accelerator. The reference device's check all of them and compute most, on memory
// of this device and late; some operators have work of their own here (work.h).
#pragma once

#include <memory>

#include "conformance/accelerator/machine.h"
#include "conformance/accelerator/work.h"
#include "tenon/device/platform.h"

namespace tenon::accelerator {

// Every operator of the reference device, for the types that this one has.
std::span<const device::Family> families();

// The row that families() has at a place, and the kernel that is made for it.
const device::OperatorEntry& reference_row(size_t index);
std::unique_ptr<device::Kernel> make_kernel(size_t row, const device::Description& d);

}  // namespace tenon::accelerator
