// SPDX-License-Identifier: Apache-2.0
//
// The order of a stream's work, behind the tn_stream handle and outliving it until the work is
// done.
//
// An immediate core runs each task on the calling thread. A late core has a worker thread and a
// ring of task slots made beforehand, and starts a task only when someone waits for it (a kick) or
// after a delay: a host that forgets to wait sees old data here, every time, rather than once a
// month.
//
// On a device's queue the worker starts tasks one after the other and waits for the queue only when
// it has nothing else to start, when someone waits, or when kBatch tasks are under way: a device
// that had to report each task before it got the next would idle in between. A thread that waits
// does this itself while the worker sleeps: to wake it and to be woken takes longer than a small
// task.
//
// One thread at a time queues (the caller serialises); all else may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "reference_impl/device/task.h"

namespace tenon::device {

class Reclaimer;

class StreamCore {
 public:
  static constexpr uint64_t kSlots = 256;
  static constexpr uint64_t kArenaBytes = 256 * 1024;
  static constexpr int kBatch = 64;

  // `own`, if any, is the stream's queue on a device with a backend; `shared` is not used then.
  StreamCore(const Execution& shared, std::unique_ptr<Execution> own, const Layouts& layouts,
             Reclaimer& reclaimer, bool late, uint64_t delay_us);
  ~StreamCore();
  StreamCore(const StreamCore&) = delete;
  StreamCore& operator=(const StreamCore&) = delete;

  bool immediate() const { return !late_; }
  KeptFailure& failure() { return failure_; }
  const Execution& execution() const { return execution_; }

  // -- By the thread that queues --

  // Memory for the data of the next task, 64-byte aligned, valid until that task is done. Part of a
  // ring that was made beforehand; it grows only when one task needs more than ever before. Waits
  // while the ring is full. Late cores only.
  std::byte* allocate(uint64_t bytes);

  // Queues a task, or runs it. Waits while every slot is taken.
  void submit(Task&& task);

  // -- By anyone --

  uint64_t queued() const { return queued_.load(); }
  uint64_t finished() const { return finished_.load(); }

  // Lets the first `sequence` tasks run without delay.
  void kick(uint64_t sequence);

  // Kicks and waits for the first `sequence` tasks.
  void wait(uint64_t sequence);

  // The stream was destroyed: run what is left and end the worker.
  void close();
  bool closed() const { return closed_.load(); }
  // Waits for the worker to end. After close().
  void join();
  bool drained() const { return finished() == queued(); }

 private:
  void work();
  // With mutex_ held; the latter two leave it meanwhile:
  bool startable() const;
  bool must_finish() const;
  // Starts the next task, or finishes those under way; false: it is not time for either. No other
  // thread may be running tasks.
  bool advance(std::unique_lock<std::mutex>& lock);
  void finish(std::unique_lock<std::mutex>& lock);

  const std::unique_ptr<Execution> own_;
  const Execution& execution_;
  const Layouts& layouts_;
  Reclaimer& reclaimer_;
  const bool late_;
  const std::chrono::microseconds delay_;
  KeptFailure failure_;

  std::atomic<uint64_t> queued_{0};
  std::atomic<uint64_t> finished_{0};
  std::atomic<bool> closed_{false};

  std::mutex mutex_;
  std::condition_variable wake_;  // For the worker.
  std::condition_variable done_;  // For those who wait.
  uint64_t kicked_ = 0;
  uint64_t started_ = 0;  // Tasks from finished_ to here are on the device's queue.
  bool running_ = false;  // A thread is in advance().
  std::vector<Task> ring_;

  // Offsets count up without end; modulo the size they are places in the arena.
  std::vector<std::byte> arena_;
  uint64_t arena_head_ = 0;
  uint64_t arena_tail_ = 0;  // Guarded by mutex_.
  bool arena_used_ = false;  // Since the last submit.

  std::thread worker_;
};

}  // namespace tenon::device
