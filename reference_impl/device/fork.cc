// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/fork.h"

#include <pthread.h>

#include <mutex>

namespace tenon::device {

std::atomic<uint32_t> fork_generation{0};

void watch_forks() {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_atfork(nullptr, nullptr,
                   [] { fork_generation.fetch_add(1, std::memory_order_relaxed); });
  });
}

}  // namespace tenon::device
