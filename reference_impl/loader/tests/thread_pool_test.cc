// SPDX-License-Identifier: Apache-2.0
#include "thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <numeric>
#include <set>
#include <thread>

// Counts allocations of this thread, to prove that a call makes none. Not inlined: the compiler
// would take malloc and delete for a mismatch.
static thread_local int64_t t_allocations = 0;
[[gnu::noinline]] void* operator new(size_t size) {
  ++t_allocations;
  if (void* pointer = std::malloc(size)) return pointer;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* pointer) noexcept { std::free(pointer); }
[[gnu::noinline]] void operator delete(void* pointer, size_t) noexcept { std::free(pointer); }

namespace {

using tenon::loader::ThreadPool;

// Counts how often each item was visited, and by whom.
struct Visits {
  std::vector<std::atomic<int>> items;
  std::atomic<int64_t> ranges{0};
  std::atomic<int64_t> shortest{INT64_MAX};
  std::atomic<int32_t> largest_worker{0};
  std::vector<std::atomic<int>> busy;  // By worker.
  std::atomic<bool> shared_worker{false};

  Visits(int64_t count, int32_t threads)
      : items(static_cast<size_t>(count)), busy(static_cast<size_t>(threads)) {}

  static void TN_CALL body(void* user, int64_t begin, int64_t end, int32_t worker) {
    auto& self = *static_cast<Visits*>(user);
    if (self.busy.at(static_cast<size_t>(worker)).fetch_add(1) != 0) self.shared_worker = true;
    for (int64_t i = begin; i < end; ++i) ++self.items[static_cast<size_t>(i)];
    self.ranges.fetch_add(1);
    int64_t shortest = self.shortest;
    while (end - begin < shortest && !self.shortest.compare_exchange_weak(shortest, end - begin)) {
    }
    int32_t largest = self.largest_worker;
    while (worker > largest && !self.largest_worker.compare_exchange_weak(largest, worker)) {
    }
    self.busy[static_cast<size_t>(worker)].fetch_sub(1);
  }

  void expect_each_once() const {
    for (const auto& item : items) ASSERT_EQ(item.load(), 1);
    EXPECT_FALSE(shared_worker.load());
  }
};

TEST(ThreadPool, TN_host_004_every_item_once_for_many_shapes) {
  for (const int32_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (const int64_t count : {0, 1, 2, 3, 7, 64, 1000, 4097}) {
      for (const int64_t grain : {1, 3, 100, 5000}) {
        Visits visits(count, threads);
        pool.run(count, grain, Visits::body, &visits);
        visits.expect_each_once();
        if (count > 0) {
          EXPECT_GE(visits.shortest.load(), std::min(grain, count));
        }
        if (count < 2 * grain) {
          EXPECT_LE(visits.ranges.load(), 1);
        }
        EXPECT_LT(visits.largest_worker.load(), threads);
      }
    }
  }
}

// Every body waits until all threads are inside one: passes only if they run at the same time.
TEST(ThreadPool, CallerAndAllThreadsRunAtTheSameTime) {
  constexpr int kThreads = 4;
  ThreadPool pool(kThreads);
  struct Meeting {
    std::atomic<int> arrived{0};
    std::mutex mutex;
    std::set<std::thread::id> threads;
  } meeting;
  pool.run(
      kThreads, 1,
      [](void* user, int64_t, int64_t, int32_t) {
        auto& meeting = *static_cast<Meeting*>(user);
        {
          const std::lock_guard lock(meeting.mutex);
          meeting.threads.insert(std::this_thread::get_id());
        }
        meeting.arrived.fetch_add(1);
        while (meeting.arrived < kThreads) std::this_thread::yield();
      },
      &meeting);
  EXPECT_EQ(meeting.threads.size(), static_cast<size_t>(kThreads));
  EXPECT_TRUE(meeting.threads.contains(std::this_thread::get_id()));
}

TEST(ThreadPool, NestedCallRunsOnTheSameThreadAlone) {
  ThreadPool pool(4);
  struct State {
    ThreadPool* pool;
    std::atomic<int64_t> inner{0};
    std::atomic<bool> strayed{false};
  } state{&pool};
  struct Inner {
    State* state;
    std::thread::id thread;
  };
  for (int repeat = 0; repeat < 50; ++repeat) {
    pool.run(
        8, 1,
        [](void* user, int64_t begin, int64_t end, int32_t) {
          auto* state = static_cast<State*>(user);
          for (int64_t i = begin; i < end; ++i) {
            Inner inner{state, std::this_thread::get_id()};
            state->pool->run(
                100, 1,
                [](void* user, int64_t first, int64_t last, int32_t worker) {
                  auto* inner = static_cast<Inner*>(user);
                  if (inner->thread != std::this_thread::get_id()) inner->state->strayed = true;
                  if (worker != 0) inner->state->strayed = true;
                  inner->state->inner += last - first;
                },
                &inner);
          }
        },
        &state);
  }
  EXPECT_EQ(state.inner.load(), 50 * 8 * 100);
  EXPECT_FALSE(state.strayed.load());
}

TEST(ThreadPool, ManyCallersAtOnce) {
  constexpr int32_t kThreads = 3;
  ThreadPool pool(kThreads);
  std::vector<std::thread> callers;
  callers.reserve(6);
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 300; ++repeat) {
        Visits visits(50, kThreads);
        pool.run(50, 1, Visits::body, &visits);
        for (const auto& item : visits.items) wrong += item != 1;
        wrong += visits.shared_worker.load();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong.load(), 0);
}

// Sleeping threads wake up again.
TEST(ThreadPool, WorksAfterAPause) {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 5; ++repeat) {
    Visits visits(100, 3);
    pool.run(100, 1, Visits::body, &visits);
    visits.expect_each_once();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(ThreadPool, CallsDoNotAllocate) {
  ThreadPool pool(4);
  Visits visits(1000, 4);
  pool.run(1000, 1, Visits::body, &visits);  // Starts the threads.
  const int64_t before = t_allocations;
  for (int repeat = 0; repeat < 100; ++repeat) pool.run(1000, 1, Visits::body, &visits);
  EXPECT_EQ(t_allocations, before);
  EXPECT_GT(before, 0) << "the counter counts";
}

}  // namespace
