// SPDX-License-Identifier: Apache-2.0
//
// The default parallel_for: one pool for all plugins of a loader.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::loader {

// Any number of threads may call run() at once; each caller works on its own call, and the pool's
// threads help the caller that asked first. A call allocates nothing: its state lives on the
// caller's stack. Threads start with the first call that can use them, and spin briefly before they
// sleep, so that back-to-back calls cost a microsecond and an idle pool costs nothing. If the
// system refuses to start threads, the callers do all of the work.
class ThreadPool {
 public:
  // `threads` includes the calling one; at least 1.
  explicit ThreadPool(int32_t threads);
  // Nothing may be running.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int32_t size() const { return size_; }

  // As tn_host.parallel_for.
  void run(int64_t count, int64_t grain, tn_parallel_body body, void* user);

 private:
  struct Call;

  void start_threads();
  void work();
  // A call that wants help, joined; NULL if there is none. Holds mutex_.
  Call* join_call(int32_t* worker);
  bool wait_for_call(uint64_t seen);

  const int32_t size_;
  std::once_flag started_;
  std::vector<std::thread> threads_;

  std::mutex mutex_;
  std::condition_variable wake_;      // For the pool's threads.
  std::condition_variable finished_;  // For callers.
  Call* calls_ = nullptr;             // Those that may want help, oldest first.
  int32_t sleepers_ = 0;
  bool stop_ = false;
  // Counts calls published; idle threads watch it without the lock.
  std::atomic<uint64_t> published_{0};
  std::atomic<int32_t> waiting_callers_{0};
};

}  // namespace tenon::loader
