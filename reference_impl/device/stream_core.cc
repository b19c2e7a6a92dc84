// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/stream_core.h"

#include <algorithm>
#include <utility>

#include "reference_impl/device/memory.h"
#include "reference_impl/device/reclaimer.h"

namespace tenon::device {

StreamCore::StreamCore(const Execution& shared, std::unique_ptr<Execution> own,
                       const Layouts& layouts, Reclaimer& reclaimer, bool late, uint64_t delay_us)
    : own_(std::move(own)),
      execution_(own_ != nullptr ? *own_ : shared),
      layouts_(layouts),
      reclaimer_(reclaimer),
      late_(late),
      delay_(std::min<uint64_t>(delay_us, 3'600'000'000)) {
  if (!late_) return;
  ring_.resize(kSlots);
  arena_.resize(kArenaBytes + kAlignment);
  worker_ = std::thread([this] { work(); });
}

StreamCore::~StreamCore() {
  close();
  join();
}

std::byte* StreamCore::allocate(uint64_t bytes) {
  bytes = (bytes + kAlignment - 1) & ~uint64_t{kAlignment - 1};
  uint64_t capacity = arena_.size() - kAlignment;
  if (bytes > capacity) {
    wait(queued());
    while (capacity < bytes) capacity *= 2;
    arena_.assign(capacity + kAlignment, std::byte{0});
    const std::lock_guard lock(mutex_);
    arena_head_ = arena_tail_ = 0;
  }
  // Pieces are contiguous: what does not fit before the end of the ring starts at its beginning.
  uint64_t start = arena_head_;
  if (start % capacity + bytes > capacity) start += capacity - start % capacity;
  arena_head_ = start + bytes;
  arena_used_ = true;
  if (!drained()) {
    std::unique_lock lock(mutex_);
    if (arena_head_ - arena_tail_ > capacity) {
      kicked_ = std::max(kicked_, queued_.load());
      wake_.notify_one();
      done_.wait(lock, [&] { return drained() || arena_head_ - arena_tail_ <= capacity; });
    }
  }
  auto base = reinterpret_cast<uintptr_t>(arena_.data());
  base = (base + kAlignment - 1) & ~uintptr_t{kAlignment - 1};
  return reinterpret_cast<std::byte*>(base + start % capacity);
}

void StreamCore::submit(Task&& task) {
  if (!late_) {
    start_task(task, failure_, execution_, layouts_);
    drop_task(task);
    return;
  }
  const uint64_t sequence = queued_.load();
  if (sequence - finished_.load() == kSlots) wait(sequence - kSlots + 1);
  task.due = std::chrono::steady_clock::now() + delay_;
  task.arena_end = std::exchange(arena_used_, false) ? arena_head_ : 0;
  ring_[sequence % kSlots] = std::move(task);
  const std::lock_guard lock(mutex_);
  queued_.store(sequence + 1);
  wake_.notify_one();
}

void StreamCore::kick(uint64_t sequence) {
  if (!late_ || finished_.load() >= sequence) return;
  const std::lock_guard lock(mutex_);
  kicked_ = std::max(kicked_, sequence);
  wake_.notify_one();
}

void StreamCore::wait(uint64_t sequence) {
  if (!late_ || finished_.load() >= sequence) return;
  std::unique_lock lock(mutex_);
  kicked_ = std::max(kicked_, sequence);
  if (own_ != nullptr) {
    while (!running_ && finished_.load() < sequence) advance(lock);
  }
  if (finished_.load() != queued_.load() || closed_.load()) wake_.notify_one();
  done_.wait(lock, [&] { return finished_.load() >= sequence; });
}

void StreamCore::close() {
  const std::lock_guard lock(mutex_);
  closed_.store(true);
  wake_.notify_one();
}

void StreamCore::join() {
  if (worker_.joinable()) worker_.join();
}

bool StreamCore::startable() const {
  if (started_ == queued_.load()) return false;
  return started_ < kicked_ || closed_.load() ||
         std::chrono::steady_clock::now() >= ring_[started_ % kSlots].due;
}

bool StreamCore::must_finish() const {
  const uint64_t finished = finished_.load();
  if (started_ == finished) return false;
  const uint64_t batch = own_ != nullptr ? uint64_t{kBatch} : 1;
  const bool awaited = finished < kicked_ && kicked_ <= started_;
  return awaited || started_ - finished >= batch || !startable() ||
         !is_queued(ring_[started_ % kSlots].kind);
}

bool StreamCore::advance(std::unique_lock<std::mutex>& lock) {
  const bool finishing = must_finish();
  if (!finishing && !startable()) return false;
  running_ = true;
  if (finishing) {
    finish(lock);
  } else {
    Task& task = ring_[started_ % kSlots];
    lock.unlock();
    start_task(task, failure_, execution_, layouts_);
    lock.lock();
    ++started_;
  }
  running_ = false;
  return true;
}

void StreamCore::finish(std::unique_lock<std::mutex>& lock) {
  const uint64_t finished = finished_.load();
  const uint64_t started = started_;
  lock.unlock();
  try {
    execution_.finish();
  } catch (...) {
    failure_.fail_from_exception();
  }
  uint64_t arena_end = 0;
  for (uint64_t sequence = finished; sequence < started; ++sequence) {
    Task& task = ring_[sequence % kSlots];
    if (task.arena_end != 0) arena_end = task.arena_end;
    drop_task(task);
  }
  lock.lock();
  if (arena_end != 0) arena_tail_ = arena_end;
  finished_.store(started);
  done_.notify_all();
  lock.unlock();
  reclaimer_.collect();
  lock.lock();
}

void StreamCore::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!running_) {
      if (advance(lock)) continue;
      if (started_ != queued_.load()) {
        wake_.wait_until(lock, ring_[started_ % kSlots].due);
        continue;
      }
      if (closed_.load()) return;
    }
    wake_.wait(lock);
  }
}

}  // namespace tenon::device
