// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/fork.h"

#include <mutex>

#include "reference_impl/platform/platform.h"

namespace tenon::device {

std::atomic<uint32_t> fork_generation{0};

void watch_forks() {
  static std::once_flag once;
  std::call_once(once, [] {
    platform::watch_forks(nullptr, nullptr,
                          [] { fork_generation.fetch_add(1, std::memory_order_relaxed); });
  });
}

}  // namespace tenon::device
