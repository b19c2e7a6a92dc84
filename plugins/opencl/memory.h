// SPDX-License-Identifier: Apache-2.0
//
// OpenCL buffers by address. OpenCL 1.2 has handles; the core wants addresses to compare and to add
// to. So each buffer has a range of addresses that fault when touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <shared_mutex>

#include "library.h"

namespace tenon::opencl {

// Where an address lies; `memory` is null for host memory.
struct Place {
  cl_mem memory = nullptr;
  uint64_t offset = 0;
};

class Memory {
 public:
  Memory(cl_context context, bool host_unified) : context_(context), host_unified_(host_unified) {}
  ~Memory();

  std::byte* allocate(uint64_t size, uint64_t alignment);
  void import(std::byte* memory, uint64_t size);
  void free(std::byte* data) noexcept;

  Place find(const void* address) const;

 private:
  struct Range {
    cl_mem memory = nullptr;
    uint64_t size = 0;
    void* reservation = nullptr;
    size_t reservation_size = 0;
  };

  void add(uintptr_t address, const Range& range);

  const cl_context context_;
  const bool host_unified_;
  mutable std::shared_mutex mutex_;
  std::map<uintptr_t, Range> ranges_;
};

}  // namespace tenon::opencl
