// SPDX-License-Identifier: Apache-2.0
//
// Runs the blocks of a launch on the calling thread: a block's threads in turn, and where a kernel
// has barriers as fibers, which take the turns in the opposite order after each barrier.
#pragma once

#include <functional>

#include "module.h"

namespace emulator {

// False when a thread touched memory that it may not.
bool run_blocks(const Kernel& kernel, const Dim& grid, const Dim& size, void* const* parameters);

// Runs `body`; false when it touched memory that it may not.
bool guarded(const std::function<void()>& body);

}  // namespace emulator
