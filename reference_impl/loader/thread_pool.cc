// SPDX-License-Identifier: Apache-2.0
#include "thread_pool.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "reference_impl/platform/platform.h"

namespace tenon::loader {
namespace {

// Ranges for each thread: enough to even out unequal ones, few enough to cost little.
constexpr int64_t kRangesPerThread = 4;
// How long to spin before sleeping. Waking a thread costs some 5 to 50 us, so waiting about that
// long is never much worse than the best choice.
constexpr std::chrono::microseconds kSpin{20};

// Set while a body runs on this thread: calls from within run here alone.
thread_local bool t_inside = false;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until `done`, or until the time is over. Returns done().
template <class Done>
bool spin_until(Done done) {
  if (done()) return true;
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

}  // namespace

// One run(), on its caller's stack. A helper touches it last when it decrements `helpers`.
struct ThreadPool::Call {
  tn_parallel_body body;
  void* user;
  int64_t count;
  int64_t ranges;
  int32_t joined = 0;  // Helpers that ever joined; under mutex_.
  Call* next = nullptr;
  std::atomic<int64_t> next_range{0};
  std::atomic<int32_t> helpers{0};  // Helpers at work.

  // Range i of `ranges` nearly equal ones; none is shorter than count / ranges.
  int64_t begin_of(int64_t i) const { return i * (count / ranges) + std::min(i, count % ranges); }
  void run_ranges(int32_t worker) {
    t_inside = true;
    for (;;) {
      const int64_t i = next_range.fetch_add(1, std::memory_order_relaxed);
      if (i >= ranges) break;
      body(user, begin_of(i), begin_of(i + 1), worker);
    }
    t_inside = false;
  }
};

ThreadPool::ThreadPool(int32_t threads) : size_(std::max(threads, 1)) {}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    published_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::start_threads() {
  // The host's signals are not ours to handle.
  const platform::WithoutSignals without_signals;
  try {
    threads_.reserve(static_cast<size_t>(size_ - 1));
    for (int32_t i = 1; i < size_; ++i) {
      threads_.emplace_back([this] { work(); });
      platform::name_thread(threads_.back(), "tenon-worker");
    }
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // Those that did start are enough.
  }
}

void ThreadPool::run(int64_t count, int64_t grain, tn_parallel_body body, void* user) {
  if (count <= 0) return;
  const int64_t most = kRangesPerThread * size_;
  const int64_t ranges = std::min(std::max<int64_t>(count / std::max<int64_t>(grain, 1), 1), most);
  if (t_inside || size_ == 1 || ranges == 1) {
    const bool outer = t_inside;
    t_inside = true;
    body(user, 0, count, 0);
    t_inside = outer;
    return;
  }
  std::call_once(started_, [this] { start_threads(); });

  Call call{body, user, count, ranges};
  int32_t to_wake;
  {
    const std::lock_guard lock(mutex_);
    Call** end = &calls_;
    while (*end != nullptr) end = &(*end)->next;
    *end = &call;
    published_.fetch_add(1, std::memory_order_release);
    to_wake = static_cast<int32_t>(std::min<int64_t>(sleepers_, ranges - 1));
  }
  for (int32_t i = 0; i < to_wake; ++i) wake_.notify_one();

  call.run_ranges(0);

  {
    const std::lock_guard lock(mutex_);  // From here on no thread joins.
    Call** link = &calls_;
    while (*link != &call) link = &(*link)->next;
    *link = call.next;
  }
  const auto finished = [&] { return call.helpers.load() == 0; };
  if (spin_until(finished)) return;
  std::unique_lock lock(mutex_);
  waiting_callers_.fetch_add(1);
  finished_.wait(lock, finished);
  waiting_callers_.fetch_sub(1);
}

ThreadPool::Call* ThreadPool::join_call(int32_t* worker) {
  for (Call* call = calls_; call != nullptr; call = call->next) {
    if (call->next_range.load(std::memory_order_relaxed) >= call->ranges) continue;
    // Each of the pool's threads joins a call at most once: it leaves when no range is left.
    *worker = ++call->joined;
    call->helpers.fetch_add(1);
    return call;
  }
  return nullptr;
}

// Returns false when the pool stops.
bool ThreadPool::wait_for_call(uint64_t seen) {
  const auto changed = [&] { return published_.load(std::memory_order_acquire) != seen; };
  if (!spin_until(changed)) {
    std::unique_lock lock(mutex_);
    ++sleepers_;
    wake_.wait(lock, changed);
    --sleepers_;
  }
  const std::lock_guard lock(mutex_);
  return !stop_;
}

void ThreadPool::work() {
  for (;;) {
    int32_t worker = 0;
    Call* call;
    uint64_t seen;
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      // Read under the lock: a call published later changes it.
      seen = published_.load(std::memory_order_relaxed);
      call = join_call(&worker);
    }
    if (call == nullptr) {
      if (!wait_for_call(seen)) return;
      continue;
    }
    call->run_ranges(worker);
    // The caller may return as soon as this is 0; `call` is not touched again.
    if (call->helpers.fetch_sub(1) == 1 && waiting_callers_.load() > 0) {
      {
        const std::lock_guard lock(mutex_);
      }
      finished_.notify_all();
    }
  }
}

}  // namespace tenon::loader
