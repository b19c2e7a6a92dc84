// SPDX-License-Identifier: Apache-2.0
//
// What compiles kernels for an open device, and what that device can do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/device/kernel.h"

namespace tenon::gpu {

struct Limits {
  uint64_t max_group = 1;    // Work items of a group.
  uint64_t local_bytes = 0;  // Local (shared) memory of a group.
  uint32_t units = 1;        // Cores or multiprocessors.
  uint32_t lanes = 1;        // Work items that run in step (a warp); 1 on CPUs.
  // A processor: groups run as loops, so few work items with much work each and no barriers.
  bool is_cpu = false;
  bool float64 = false;
  bool float16 = false;  // Arithmetic; storage of 16-bit floats needs nothing.
};

// A compiled kernel function. Owned by the machine, valid until the device is closed, usable from
// any thread.
class Function {
 public:
  virtual ~Function() = default;
};

// One per open device. Safe to call from any thread.
class Machine {
 public:
  virtual ~Machine() = default;

  virtual const Limits& limits() const = 0;

  // Function `name` of kernels/<source>.cl, compiled with `definitions` ("-DT=float -DRANK=4").
  // Kept in memory and on disk: asking again costs a look-up, asking in another process a load.
  // For create functions; a launch that needs a variant not known before may ask, too, and is slow
  // that once. Throws KernelError: TN_UNSUPPORTED or TN_INTERNAL with the compiler's log.
  virtual const Function& function(std::string_view source, const std::string& definitions,
                                   std::string_view name) = 0;
};

// The machine of the device that a kernel is made for, with subnormal numbers as described;
// outlives the kernel.
Machine& machine_of(const device::Description& description);

}  // namespace tenon::gpu
