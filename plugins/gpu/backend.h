// SPDX-License-Identifier: Apache-2.0
//
// The core's Backend with what compiles its kernels.
#pragma once

#include "plugins/gpu/machine.h"
#include "reference_impl/cpu/backend.h"

namespace tenon::gpu {

// make_execution() gives StreamExecutions (kernel.h).
class Backend : public cpu::Backend {
 public:
  // What compiles kernels that keep subnormal numbers, or that take them for 0.
  virtual Machine& machine(bool flush_subnormals) = 0;
};

}  // namespace tenon::gpu
