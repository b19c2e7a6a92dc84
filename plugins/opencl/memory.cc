// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

namespace tenon::opencl {

Memory::~Memory() {
  while (!ranges_.empty()) free(reinterpret_cast<std::byte*>(ranges_.begin()->first));
}

std::byte* Memory::allocate(uint64_t size, uint64_t alignment) {
  cl_int status = CL_SUCCESS;
  Range range;
  range.size = size;
  range.memory = library().clCreateBuffer(context_, CL_MEM_READ_WRITE, std::max<uint64_t>(size, 1),
                                          nullptr, &status);
  check(status, "clCreateBuffer");
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t slack = alignment > page ? alignment : 0;
  range.reservation_size = (size / page + 2) * page + slack;
  range.reservation = mmap(nullptr, range.reservation_size, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range.reservation == MAP_FAILED) {
    library().clReleaseMemObject(range.memory);
    throw std::bad_alloc();
  }
  const auto start = reinterpret_cast<uintptr_t>(range.reservation);
  const uintptr_t address = (start + alignment - 1) & ~(alignment - 1);
  add(address, range);
  return reinterpret_cast<std::byte*>(address);
}

void Memory::import(std::byte* memory, uint64_t size) {
  // Copies work without: the host's memory is then a side of a read or a write.
  if (!host_unified_ || size == 0) return;
  cl_int status = CL_SUCCESS;
  Range range;
  range.size = size;
  range.memory = library().clCreateBuffer(context_, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, size,
                                          memory, &status);
  check(status, "clCreateBuffer");
  add(reinterpret_cast<uintptr_t>(memory), range);
}

void Memory::add(uintptr_t address, const Range& range) {
  const std::unique_lock lock(mutex_);
  ranges_[address] = range;
}

void Memory::free(std::byte* data) noexcept {
  Range range;
  {
    const std::unique_lock lock(mutex_);
    const auto found = ranges_.find(reinterpret_cast<uintptr_t>(data));
    if (found == ranges_.end()) return;  // Host memory that the device does not see.
    range = found->second;
    ranges_.erase(found);
  }
  library().clReleaseMemObject(range.memory);
  if (range.reservation != nullptr) munmap(range.reservation, range.reservation_size);
}

Place Memory::find(const void* address) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  const std::shared_lock lock(mutex_);
  auto found = ranges_.upper_bound(at);
  if (found == ranges_.begin()) return {};
  --found;
  const uint64_t offset = at - found->first;
  if (offset > found->second.size) return {};
  return {found->second.memory, offset};
}

}  // namespace tenon::opencl
