// SPDX-License-Identifier: Apache-2.0
//
// Tasks that need memory of their own while they run. A launch may not allocate, and the size of
// its workspace must not depend on the load of the machine: so the workspace has a fixed number of
// slots, and as many tasks work at the same time. Which slot a task gets has no influence on its
// result.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

// Slots for `tasks` tasks: one for each processor at most.
inline int64_t scratch_slots(int64_t tasks) {
  static const int64_t processors =
      std::clamp<int64_t>(std::thread::hardware_concurrency(), 1, 256);
  return std::clamp<int64_t>(tasks, 1, processors);
}

// Calls body(task, slot) for each of [0, tasks), with slot < scratch_slots(tasks) and no slot in
// use twice at the same time.
template <class Body>
void for_each_task(const Execution& execution, int64_t tasks, Body&& body) {
  const int64_t slots = std::min<int64_t>(scratch_slots(tasks), execution.parallelism());
  std::atomic<int64_t> next{0};
  execution.parallel_for(slots, 1, [&](int64_t begin, int64_t end) {
    for (int64_t slot = begin; slot < end; ++slot) {
      for (int64_t task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) {
        body(task, slot);
      }
    }
  });
}

// Hands out parts of a workspace in order; with a null base it only counts.
class WorkspaceParts {
 public:
  explicit WorkspaceParts(std::byte* base = nullptr) : base_(base) {}

  std::byte* take(uint64_t bytes) {
    std::byte* part = base_ == nullptr ? nullptr : base_ + used_;
    used_ += (bytes + 63) / 64 * 64;
    return part;
  }
  template <class T>
  T* take_array(int64_t count) {
    return reinterpret_cast<T*>(take(static_cast<uint64_t>(count) * sizeof(T)));
  }
  uint64_t used() const { return used_; }

 private:
  std::byte* base_;
  uint64_t used_ = 0;
};

}  // namespace tenon::cpu
