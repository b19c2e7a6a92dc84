// SPDX-License-Identifier: Apache-2.0
//
// The core's Backend with what compiles its kernels.
#pragma once

#include "plugins/gpu_common/machine.h"
#include "tenon/device/backend.h"

namespace tenon::gpu {

// make_execution() gives StreamExecutions (kernel.h).
class Backend : public device::Backend {
 public:
  // What compiles kernels that keep subnormal numbers, or that take them for 0.
  virtual Machine& machine(bool flush_subnormals) = 0;
};

}  // namespace tenon::gpu
