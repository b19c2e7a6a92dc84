// SPDX-License-Identifier: Apache-2.0
//
// What a device brings whose memory the host may not touch and whose work is queued elsewhere: a
// GPU's runtime. The reference device and plugins that compute in host memory have none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tenon/device/kernel.h"

namespace tenon::device {

// One per open device. Safe to call from any thread. Throws KernelError.
//
// Memory is known by addresses in this process that belong to one allocation alone, so that ranges
// can be compared and added to, never followed.
class Backend {
 public:
  virtual ~Backend() = default;

  // `size` may be 0. `alignment` is a power of two. Throws TN_OUT_OF_DEVICE_MEMORY.
  virtual std::byte* allocate(uint64_t size, uint64_t alignment) = 0;
  // Lets work use host memory at its own address. Throws TN_UNSUPPORTED.
  virtual void import(std::byte* memory, uint64_t size) = 0;
  // Gives back what allocate() or import() was for. It is not used any more.
  virtual void free(std::byte* data) noexcept = 0;

  // Gives back what it keeps of freed memory. Returns bytes; a backend that keeps none has nothing
  // to do.
  virtual uint64_t trim() { return 0; }

  // Between host and device memory, at once: done when they return, and behind no queued work.
  virtual void read(void* to, const std::byte* from, uint64_t size) = 0;
  virtual void write(std::byte* to, const void* from, uint64_t size) = 0;

  // A queue of its own for a stream. Outlived by the backend.
  virtual std::unique_ptr<Execution> make_execution(const tn_host& host) = 0;
};

}  // namespace tenon::device
