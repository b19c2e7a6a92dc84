// SPDX-License-Identifier: Apache-2.0
#include "memory_stats.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <string>

#include "devices.h"

namespace tenon::pytorch {
namespace {

using c10::CachingAllocator::Stat;
using c10::CachingAllocator::StatArray;
using c10::CachingAllocator::StatType;
using runtime::PoolStatistics;

// The sums at the last reset, by device; the pool itself never forgets.
std::mutex baselines_mutex;
std::array<PoolStatistics, kMaxDevices> baselines{};

PoolStatistics baseline_of(c10::DeviceIndex index) {
  std::lock_guard lock(baselines_mutex);
  return baselines.at(static_cast<size_t>(index));
}

// A quantity now, at its peak, and all that ever came, until now and until the baseline.
struct Quantity {
  uint64_t current, peak, total, current_then, total_then;
};

void put(StatArray& stats, const Quantity& q) {
  Stat& all = stats[static_cast<size_t>(StatType::AGGREGATE)];
  all.current = static_cast<int64_t>(q.current);
  all.peak = static_cast<int64_t>(q.peak);
  all.allocated = static_cast<int64_t>(q.total - q.total_then);
  all.freed = static_cast<int64_t>((q.total - q.current) - (q.total_then - q.current_then));
}

// Of the host, in bytes; SIZE_MAX where the system does not say.
size_t available_host_memory() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  size_t kibibytes = 0;
  while (file >> name >> kibibytes) {
    if (name == "MemAvailable:") return kibibytes * 1024;
    std::getline(file, unit);
  }
  return SIZE_MAX;
}

}  // namespace

DeviceStats device_stats(c10::DeviceIndex index) {
  index = index_or_current(index);
  const PoolStatistics now = device(index).pool_statistics();
  const PoolStatistics then = baseline_of(index);
  const Quantity bytes{now.allocated_bytes, now.peak_allocated_bytes, now.total_allocated_bytes,
                       then.allocated_bytes, then.total_allocated_bytes};
  const Quantity blocks{now.live_allocations, now.peak_live_allocations, now.allocations,
                        then.live_allocations, then.allocations};
  const Quantity reserved{now.reserved_bytes, now.peak_reserved_bytes, now.total_reserved_bytes,
                          then.reserved_bytes, then.total_reserved_bytes};
  const Quantity segments{now.buffers, now.peak_buffers, now.device_allocations, then.buffers,
                          then.device_allocations};
  DeviceStats stats;
  put(stats.allocated_bytes, bytes);
  put(stats.active_bytes, bytes);
  put(stats.allocation, blocks);
  put(stats.active, blocks);
  put(stats.reserved_bytes, reserved);
  put(stats.segment, segments);
  stats.num_device_alloc = static_cast<int64_t>(now.device_allocations - then.device_allocations);
  stats.num_device_free = stats.segment[static_cast<size_t>(StatType::AGGREGATE)].freed;
  stats.num_alloc_retries = static_cast<int64_t>(now.retries - then.retries);
  stats.num_ooms = static_cast<int64_t>(now.out_of_memory - then.out_of_memory);
  return stats;
}

void reset_peak_stats(c10::DeviceIndex index) {
  device(index_or_current(index)).reset_peak_statistics();
}

void reset_accumulated_stats(c10::DeviceIndex index) {
  index = index_or_current(index);
  const PoolStatistics now = device(index).pool_statistics();
  std::lock_guard lock(baselines_mutex);
  baselines.at(static_cast<size_t>(index)) = now;
}

std::pair<size_t, size_t> memory_info(c10::DeviceIndex index) {
  index = index_or_current(index);
  const runtime::ManagedDevice& found = device(index);
  const size_t total = found.info().total_memory;
  TORCH_CHECK_NOT_IMPLEMENTED(total != 0, "tenon:", static_cast<int>(index), " (",
                              found.info().name, ") does not say how much memory it has");
  size_t free = found.available_memory();
  if (found.info().type == TN_DEVICE_CPU) free = std::min(free, available_host_memory());
  return {free, total};
}

}  // namespace tenon::pytorch
