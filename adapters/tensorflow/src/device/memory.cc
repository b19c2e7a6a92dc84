// SPDX-License-Identifier: Apache-2.0
//
// Memory. TensorFlow's BFC allocator takes large regions from here and hands out addresses inside
// them; the runtime's address map turns those back into buffer and offset.
#include <algorithm>
#include <cstring>

#include "device/callbacks.h"
#include "device/state.h"

namespace tenon::tensorflow {
namespace {

void allocate(const SP_Device* device, uint64_t size, int64_t, SP_DeviceMemoryBase* memory) {
  memory->struct_size = SP_DEVICE_MEMORY_BASE_STRUCT_SIZE;
  memory->ext = nullptr;
  memory->opaque = nullptr;
  memory->size = 0;
  memory->payload = 0;
  try {
    runtime::ManagedDevice& target = state_of(device).device();
    memory->opaque = target.allocate(size, target.default_stream());
    if (memory->opaque != nullptr) memory->size = size;
  } catch (...) {  // NOLINT(bugprone-empty-catch)
    // Null is how this interface says "out of memory"; the allocator above retries or reports it.
  }
}

void deallocate(const SP_Device* device, SP_DeviceMemoryBase* memory) {
  if (memory == nullptr || memory->opaque == nullptr) return;
  DeviceState& state = state_of(device);
  try {
    // The region was used on streams that the runtime was not told about; it is given back rarely.
    state.device().synchronize();
  } catch (...) {
    state.keep_failure();
  }
  try {
    state.device().deallocate(memory->opaque);
  } catch (...) {
    state.keep_failure();
  }
  memory->opaque = nullptr;
  memory->size = 0;
}

void* host_memory_allocate(const SP_Device* device, uint64_t size) {
  try {
    return state_of(device).device().allocate_pinned(size);
  } catch (...) {
    return nullptr;
  }
}

void host_memory_deallocate(const SP_Device* device, void* memory) {
  if (memory == nullptr) return;
  try {
    state_of(device).device().deallocate_pinned(memory);
  } catch (...) {
    state_of(device).keep_failure();
  }
}

// Not offered: supports_unified_memory is 0.
void* unified_memory_allocate(const SP_Device*, uint64_t) { return nullptr; }
void unified_memory_deallocate(const SP_Device*, void*) {}

TF_Bool get_allocator_stats(const SP_Device* device, SP_AllocatorStats* stats) {
  try {
    const runtime::PoolStatistics pool = state_of(device).device().pool_statistics();
    std::memset(stats, 0, sizeof *stats);
    stats->struct_size = SP_ALLOCATORSTATS_STRUCT_SIZE;
    stats->num_allocs = static_cast<int64_t>(pool.allocations);
    stats->bytes_in_use = static_cast<int64_t>(pool.allocated_bytes);
    stats->peak_bytes_in_use = static_cast<int64_t>(pool.peak_allocated_bytes);
    stats->bytes_reserved = static_cast<int64_t>(pool.reserved_bytes);
    return 1;
  } catch (...) {
    return 0;
  }
}

TF_Bool device_memory_usage(const SP_Device* device, int64_t* free, int64_t* total) {
  try {
    const runtime::ManagedDevice& target = state_of(device).device();
    // A device that does not say how much it has: let allocations decide.
    uint64_t bytes = target.info().total_memory;
    if (bytes == 0) bytes = uint64_t{16} << 30;
    *total = static_cast<int64_t>(bytes);
    *free = static_cast<int64_t>(std::min(bytes, target.available_memory()));
    return 1;
  } catch (...) {
    return 0;
  }
}

}  // namespace

void add_memory_callbacks(SP_StreamExecutor* executor) {
  executor->allocate = allocate;
  executor->deallocate = deallocate;
  executor->host_memory_allocate = host_memory_allocate;
  executor->host_memory_deallocate = host_memory_deallocate;
  executor->unified_memory_allocate = unified_memory_allocate;
  executor->unified_memory_deallocate = unified_memory_deallocate;
  executor->get_allocator_stats = get_allocator_stats;
  executor->device_memory_usage = device_memory_usage;
}

}  // namespace tenon::tensorflow
