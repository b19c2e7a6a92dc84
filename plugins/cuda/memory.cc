// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda/memory.h"

#include <algorithm>
#include <mutex>

namespace tenon::cuda {
namespace {

// Every allocation of a pool has at least this.
constexpr uint64_t kPoolAlignment = 256;

}  // namespace

Memory::Memory(const Driver& driver, CUcontext context, CUdevice device)
    : driver_(driver), context_(context) {
  const ContextScope scope(driver_, context_);
  CUmemPoolProps properties{};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  properties.location.id = device;
  check(driver_, driver_.cuMemPoolCreate(&pool_, &properties), "making a memory pool");
  try {
    // By default a pool gives free memory back to the system whenever a stream is waited for.
    cuuint64_t keep = UINT64_MAX;
    check(driver_, driver_.cuMemPoolSetAttribute(pool_, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep),
          "setting up a memory pool");
    check(driver_, driver_.cuStreamCreate(&stream_, CU_STREAM_NON_BLOCKING), "making a stream");
  } catch (...) {
    driver_.cuMemPoolDestroy(pool_);
    throw;
  }
}

Memory::~Memory() {
  while (!ranges_.empty()) {
    ranges_.begin()->second.imports = 1;
    free(reinterpret_cast<std::byte*>(ranges_.begin()->first));
  }
  try {
    const ContextScope scope(driver_, context_);
    driver_.cuStreamSynchronize(stream_);
    driver_.cuStreamDestroy(stream_);
    driver_.cuMemPoolDestroy(pool_);
  } catch (...) {  // NOLINT(bugprone-empty-catch)
    // A context that is lost has lost its memory, too.
  }
}

std::byte* Memory::allocate(uint64_t size, uint64_t alignment) {
  const ContextScope scope(driver_, context_);
  Range range;
  range.size = size;
  const uint64_t slack = alignment > kPoolAlignment ? alignment : 0;
  check(driver_,
        driver_.cuMemAllocFromPoolAsync(&range.obtained, std::max<uint64_t>(size, 1) + slack, pool_,
                                        stream_),
        "allocating memory of the device");
  // Other streams may use it from here on without a word.
  const CUresult result = driver_.cuStreamSynchronize(stream_);
  if (result != CUDA_SUCCESS) driver_.cuMemFreeAsync(range.obtained, stream_);
  check(driver_, result, "allocating memory of the device");
  range.device = (range.obtained + alignment - 1) & ~(alignment - 1);
  const std::unique_lock lock(mutex_);
  ranges_[range.device] = range;
  return reinterpret_cast<std::byte*>(range.device);
}

uint64_t Memory::reserved() {
  cuuint64_t bytes = 0;
  check(driver_, driver_.cuMemPoolGetAttribute(pool_, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &bytes),
        "asking a memory pool");
  return bytes;
}

uint64_t Memory::trim() {
  const ContextScope scope(driver_, context_);
  // What was freed is the pool's to give back once the stream has come to it.
  check(driver_, driver_.cuStreamSynchronize(stream_), "waiting for released memory");
  const uint64_t before = reserved();
  check(driver_, driver_.cuMemPoolTrimTo(pool_, 0), "trimming a memory pool");
  return before - std::min(before, reserved());
}

void Memory::import(std::byte* memory, uint64_t size) {
  if (size == 0) return;
  const std::unique_lock lock(mutex_);
  const auto known = ranges_.find(reinterpret_cast<uintptr_t>(memory));
  if (known != ranges_.end()) {
    ++known->second.imports;
    return;
  }
  const ContextScope scope(driver_, context_);
  Range range;
  range.size = size;
  const CUresult result = driver_.cuMemHostRegister(
      memory, size, CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP);
  range.pinned_here = result == CUDA_SUCCESS;
  if (status_of(result) == TN_DEVICE_LOST) check(driver_, result, "pinning memory of the host");
  bool seen = driver_.cuMemHostGetDevicePointer(&range.device, memory, 0) == CUDA_SUCCESS;
  if (seen && !range.pinned_here) {
    // By another buffer: all of it?
    CUdeviceptr last = 0;
    seen = driver_.cuMemHostGetDevicePointer(&last, memory + size - 1, 0) == CUDA_SUCCESS &&
           last == range.device + size - 1;
  }
  if (!seen) {
    if (range.pinned_here) driver_.cuMemHostUnregister(memory);
    return;
  }
  ranges_[reinterpret_cast<uintptr_t>(memory)] = range;
}

void Memory::free(std::byte* data) noexcept {
  Range range;
  {
    const std::unique_lock lock(mutex_);
    const auto found = ranges_.find(reinterpret_cast<uintptr_t>(data));
    if (found == ranges_.end()) return;  // Host memory that the device does not see.
    if (--found->second.imports != 0) return;
    range = found->second;
    ranges_.erase(found);
  }
  try {
    const ContextScope scope(driver_, context_);
    if (range.obtained != 0) driver_.cuMemFreeAsync(range.obtained, stream_);
    if (range.pinned_here) driver_.cuMemHostUnregister(data);
  } catch (...) {  // NOLINT(bugprone-empty-catch)
    // As in the destructor.
  }
}

CUdeviceptr Memory::find(const void* address) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  const std::shared_lock lock(mutex_);
  auto found = ranges_.upper_bound(at);
  if (found == ranges_.begin()) return 0;
  --found;
  const uint64_t offset = at - found->first;
  return offset > found->second.size ? 0 : found->second.device + offset;
}

}  // namespace tenon::cuda
