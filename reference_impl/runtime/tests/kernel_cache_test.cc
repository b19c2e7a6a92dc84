// SPDX-License-Identifier: Apache-2.0
//
// The cache alone. The outcomes are refusals, whose reason says which one it is: the cache treats
// them as it treats kernels.
#include "runtime/kernel_cache.h"

#include <gtest/gtest.h>

#include <thread>

#include "tenon/cpp/error.hpp"

namespace tenon::runtime {
namespace {

// A call with one input of this rank: a key each.
struct Call {
  explicit Call(int32_t rank, tn_dtype dtype = TN_FLOAT32)
      : dims(static_cast<size_t>(rank), 2), argument(Argument::device(nullptr, dtype, dims)) {}
  Operation operation{"Relu"};
  std::vector<int64_t> dims;
  Argument argument;
  PreparedCall prepared{nullptr, operation, std::span(&argument, 1), std::span<const Argument>()};
  KernelKey key{operation, prepared, Profile()};
};

KernelOutcome refusal(std::string reason) {
  KernelOutcome outcome;
  outcome.reason = std::move(reason);
  return outcome;
}

TEST(KernelCache, HitsWhatWasMadeAndCounts) {
  KernelCache cache(8);
  const Call call(1), other(2), half(1, TN_FLOAT16);
  EXPECT_FALSE(cache.find(call.key));
  EXPECT_EQ(cache.find_or_create(call.key, [] { return refusal("one"); })->reason, "one");
  EXPECT_EQ(cache.find_or_create(other.key, [] { return refusal("two"); })->reason, "two");
  EXPECT_FALSE(cache.find(half.key));
  EXPECT_EQ(cache.find(call.key)->reason, "one");
  EXPECT_EQ(cache.find(other.key)->reason, "two");
  EXPECT_EQ(cache.find_or_create(call.key, [] { return refusal("never"); })->reason, "one");
  const KernelCacheStatistics statistics = cache.statistics();
  EXPECT_EQ(statistics.hits, 3u);
  EXPECT_EQ(statistics.misses, 2u);
  EXPECT_EQ(statistics.size, 2u);
  EXPECT_EQ(statistics.capacity, 8u);
  EXPECT_EQ(statistics.evictions, 0u);
}

TEST(KernelCache, IsBoundedAndKeepsWhatIsUsed) {
  KernelCache cache(4);
  const Call kept(0);
  cache.find_or_create(kept.key, [] { return refusal("kept"); });
  for (int32_t rank = 1; rank <= 15; ++rank) {
    const Call call(rank);
    cache.find_or_create(call.key, [&] { return refusal(std::to_string(rank)); });
    EXPECT_TRUE(cache.find(kept.key)) << "evicted though used after " << rank;
    EXPECT_LE(cache.statistics().size, 4u);
  }
  EXPECT_EQ(cache.statistics().evictions, 12u);
  EXPECT_FALSE(cache.find(Call(1).key));
}

TEST(KernelCache, EvictedOnesLiveWhileHeld) {
  KernelCache cache(1);
  const Call first(1);
  KernelCache::Pin held = cache.find_or_create(first.key, [] { return refusal("first"); });
  for (int32_t rank = 2; rank < 12; ++rank) {
    cache.find_or_create(Call(rank).key, [&] { return refusal(std::to_string(rank)); });
  }
  EXPECT_FALSE(cache.find(first.key));
  EXPECT_EQ(held->reason, "first");
}

TEST(KernelCache, AThrowingCreateLeavesNothingBehind) {
  KernelCache cache(4);
  const Call call(1);
  const auto fail = []() -> KernelOutcome { throw Error(TN_OUT_OF_MEMORY, "", "none left"); };
  EXPECT_THROW(cache.find_or_create(call.key, fail), Error);
  EXPECT_EQ(cache.find_or_create(call.key, [] { return refusal("now"); })->reason, "now");
}

TEST(KernelCache, ConcurrentCreatesOfOneKeyHappenOnce) {
  KernelCache cache(64);
  std::atomic<int> made{0}, wrong{0};
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int32_t rank = 0; rank <= 10; ++rank) {
        const Call call(rank);
        const auto pin = cache.find_or_create(call.key, [&] {
          ++made;
          std::this_thread::sleep_for(std::chrono::milliseconds(2));  // Others arrive meanwhile.
          return refusal(std::to_string(rank));
        });
        wrong += pin->reason != std::to_string(rank);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 11);
  EXPECT_EQ(wrong, 0);
}

// More keys than room, so that entries are evicted and used again under the readers' feet.
TEST(KernelCache, ReadersNeverSeeAnotherKeysOutcome) {
  KernelCache cache(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const int32_t rank = (i * 7 + t) % 9;
        const Call call(rank);
        const auto pin =
            cache.find_or_create(call.key, [&] { return refusal(std::to_string(rank)); });
        wrong += pin->reason != std::to_string(rank);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache.statistics().size, 3u);
}

}  // namespace
}  // namespace tenon::runtime
