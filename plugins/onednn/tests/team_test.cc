// SPDX-License-Identifier: Apache-2.0
//
// team.cc as compiled code calls it.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

extern "C" {
void omp_set_num_threads(int threads);
int omp_get_max_threads();
int omp_get_num_threads();
int omp_get_thread_num();
int omp_in_parallel();
void GOMP_parallel_start(void (*body)(void*), void* data, unsigned threads);
void GOMP_parallel_end();
void GOMP_barrier();
bool GOMP_loop_static_start(long start, long end, long step, long chunk, long* begin, long* stop);
bool GOMP_loop_static_next(long* begin, long* end);
}

namespace {

using Body = std::function<void()>;

void call(void* body) { (*static_cast<Body*>(body))(); }

// As the compiler writes `#pragma omp parallel num_threads(threads)`.
void parallel(unsigned threads, Body body) {
  GOMP_parallel_start(call, &body, threads);
  body();
  GOMP_parallel_end();
}

TEST(TeamTest, EachPartIsPlayedOnce) {
  for (int round = 0; round < 20000; ++round) {
    const auto threads = 1 + static_cast<unsigned>(round % 4);
    std::array<std::atomic<int>, 4> played{};
    std::atomic<unsigned> wrong{0};
    parallel(threads, [&] {
      ++played[static_cast<size_t>(omp_get_thread_num())];
      wrong += static_cast<unsigned>(omp_get_num_threads()) != threads;
    });
    ASSERT_EQ(0u, wrong);
    ASSERT_EQ(0, omp_get_thread_num());
    for (size_t i = 0; i < played.size(); ++i) ASSERT_EQ(i < threads ? 1 : 0, played[i]) << round;
  }
  EXPECT_EQ(1, omp_get_num_threads());
  EXPECT_FALSE(omp_in_parallel());
}

// The caller is done long before a worker that sleeps is awake.
TEST(TeamTest, TheCallerTakesPartsThatNobodyPlays) {
  const auto caller = std::this_thread::get_id();
  std::atomic<int> by_caller{0};
  for (int round = 0; round < 20; ++round) {
    parallel(2, [&] { by_caller += std::this_thread::get_id() == caller; });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GT(by_caller, 20);
}

TEST(TeamTest, PartsMeetAtBarriers) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 500; ++round) {
    std::atomic<int> arrived{0};
    std::atomic<int> early{0};
    parallel(kThreads, [&] {
      for (int step = 1; step <= 3; ++step) {
        ++arrived;
        GOMP_barrier();
        early += arrived < step * kThreads;
        GOMP_barrier();
      }
    });
    ASSERT_EQ(0, early);
    ASSERT_EQ(3 * kThreads, arrived);
    // Sometimes workers are asleep when the next region begins.
    if (round % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Two threads spin for each other, as oneDNN's own barriers do.
TEST(TeamTest, PartsRunAtTheSameTime) {
  std::atomic<int> arrived{0};
  parallel(3, [&] {
    ++arrived;
    while (arrived < 3) std::this_thread::yield();
  });
  EXPECT_EQ(3, arrived);
}

TEST(TeamTest, LoopsCoverTheirRange) {
  for (const long chunk : {0L, 1L, 3L}) {
    for (const long step : {1L, 2L, -3L}) {
      std::array<std::atomic<int>, 50> seen{};
      const long from = step > 0 ? 0 : 49, to = step > 0 ? 50 : -1;
      parallel(3, [&] {
        long begin, end;
        bool more = GOMP_loop_static_start(from, to, step, chunk, &begin, &end);
        for (; more; more = GOMP_loop_static_next(&begin, &end)) {
          for (long i = begin; step > 0 ? i < end : i > end; i += step) {
            ++seen[static_cast<size_t>(i)];
          }
        }
      });
      for (long i = 0; i < 50; ++i) {
        const bool wanted = (i - from) % step == 0;
        EXPECT_EQ(wanted ? 1 : 0, seen[static_cast<size_t>(i)]) << i << " of step " << step;
      }
    }
  }
}

TEST(TeamTest, RegionsInsideRegionsHaveOneThread) {
  std::atomic<int> inner{0}, wrong{0};
  parallel(2, [&] {
    const int part = omp_get_thread_num();
    parallel(4, [&] {
      ++inner;
      wrong += omp_get_num_threads() != 1 || omp_get_thread_num() != 0;
    });
    wrong += omp_get_thread_num() != part;
  });
  EXPECT_EQ(2, inner);
  EXPECT_EQ(0, wrong);
}

TEST(TeamTest, TheNumberOfThreadsIsTheCallersOwn) {
  omp_set_num_threads(3);
  std::atomic<int> parts{0};
  parallel(0, [&] { ++parts; });
  EXPECT_EQ(3, parts);
  std::thread other([] {
    omp_set_num_threads(2);
    std::atomic<int> mine{0};
    parallel(0, [&] { ++mine; });
    EXPECT_EQ(2, mine);
  });
  other.join();
  EXPECT_EQ(3, omp_get_max_threads());
}

TEST(TeamTest, CallersAtTheSameTimeHaveTeamsOfTheirOwn) {
  std::vector<std::thread> callers;
  callers.reserve(3);
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([] {
      for (int round = 0; round < 2000; ++round) {
        std::atomic<int> sum{0};
        parallel(3, [&] { sum += 1 + omp_get_thread_num(); });
        ASSERT_EQ(6, sum);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
