// SPDX-License-Identifier: Apache-2.0
//
// Memory of one device. CUDA's addresses are unique in the process, so the core knows memory by
// them; what is kept of each piece is enough to tell them from addresses that the device cannot
// follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <shared_mutex>

#include "plugins/cuda/driver.h"

namespace tenon::cuda {

// Safe to call from any thread. Throws device::KernelError.
class Memory {
 public:
  Memory(const Driver& driver, CUcontext context, CUdevice device);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // From a pool that keeps what is given back, usable by every stream.
  std::byte* allocate(uint64_t size, uint64_t alignment);
  // Pins host memory and shows it to the device. Where the driver refuses (memory that is mapped
  // for reading only, too much of it), it stays host memory: copies may use it, kernels may not.
  void import(std::byte* memory, uint64_t size);
  // Nothing that is queued uses it any more.
  void free(std::byte* data) noexcept;

  // Gives back what the pool keeps and nobody uses; bytes.
  uint64_t trim();

  // Where the device finds what the core knows by `address`; 0: it does not see that.
  CUdeviceptr find(const void* address) const;

 private:
  struct Range {
    uint64_t size = 0;
    CUdeviceptr device = 0;    // As kernels see it.
    CUdeviceptr obtained = 0;  // What the pool gave; 0: host memory.
    bool pinned_here = false;
    uint32_t imports = 1;  // Of this very address.
  };

  uint64_t reserved();  // Bytes that the pool has of the system.

  const Driver& driver_;
  const CUcontext context_;
  CUmemoryPool pool_ = nullptr;
  // Orders allocation and release; no other work is on it.
  CUstream stream_ = nullptr;
  mutable std::shared_mutex mutex_;
  std::map<uintptr_t, Range> ranges_;
};

}  // namespace tenon::cuda
