// SPDX-License-Identifier: Apache-2.0
//
// The caching pool: reuse in a stream's order, across streams only behind events.
#include <map>
#include <random>

#include "fixture.h"
#include "runtime/pool.h"

namespace tenon::runtime {
namespace {

using PoolTest = DeviceTest;
TENON_IN_ALL_MEMORY_MODES(PoolTest);

constexpr size_t kMebibyte = size_t{1} << 20;

TEST_P(PoolTest, MemoryFreedWhileWorkIsQueuedIsReusedInOrder) {
  constexpr int64_t kCount = 1 << 18;
  Tensor result(device_, TN_FLOAT32, {kCount});
  for (int round = 0; round < 10; ++round) {
    const auto value = static_cast<float>(round), other = -1.0f;
    void* first = device_.allocate(result.bytes(), stream());
    device_.fill(first, result.bytes(), &value, sizeof(value), stream());
    device_.copy(result.data(), first, result.bytes(), stream());
    device_.deallocate(first);
    void* second = device_.allocate(result.bytes(), stream());
    EXPECT_EQ(second, first);  // At once, though the copy may not have run.
    device_.fill(second, result.bytes(), &other, sizeof(other), stream());
    device_.deallocate(second);
    EXPECT_EQ(result.read(), std::vector<float>(kCount, value));
  }
}

TEST_P(PoolTest, AnotherStreamNeverGetsItEarly) {
  const std::unique_ptr<Stream> other = device_.create_stream();
  void* first = device_.allocate(1000, stream());
  device_.deallocate(first);
  void* second = device_.allocate(1000, *other);
  EXPECT_NE(second, first);
  device_.deallocate(second);
}

TEST_P(PoolTest, UseOnAnotherStreamDelaysReuse) {
  constexpr int64_t kCount = 1 << 20;
  constexpr int kRounds = 5;
  const std::unique_ptr<Stream> other = device_.create_stream();
  const std::unique_ptr<Event> ready = device_.create_event();
  Tensor busy(device_, TN_FLOAT32, {4 * kCount}, other.get());
  std::vector<Tensor> results;
  results.reserve(kRounds);
  for (int round = 0; round < kRounds; ++round) {
    results.emplace_back(device_, TN_FLOAT32, Dims{kCount}, other.get());
  }
  for (int round = 0; round < kRounds; ++round) {
    const auto value = static_cast<float>(round + 1), spoiled = -1.0f;
    void* shared = device_.allocate(results[0].bytes(), stream());
    device_.fill(shared, results[0].bytes(), &value, sizeof(value), stream());
    ready->record(stream());
    ready->block(*other);
    // Much to do before the copy, so that reuse in between would show.
    for (int i = 0; i < 4; ++i) {
      device_.fill(busy.data(), busy.bytes(), &value, sizeof(value), *other);
    }
    device_.copy(results[static_cast<size_t>(round)].data(), shared, results[0].bytes(), *other);
    device_.record_use(shared, *other);
    device_.deallocate(shared);
    void* next = device_.allocate(results[0].bytes(), stream());
    device_.fill(next, results[0].bytes(), &spoiled, sizeof(spoiled), stream());
    device_.deallocate(next);
  }
  device_.synchronize();
  for (int round = 0; round < kRounds; ++round) {
    EXPECT_EQ(results[static_cast<size_t>(round)].read(),
              std::vector<float>(kCount, static_cast<float>(round + 1)));
  }
  // Once the other stream is through, the memory comes back.
  void* first = device_.allocate(100 * kMebibyte, stream());
  device_.record_use(first, *other);
  device_.deallocate(first);
  device_.synchronize();
  void* second = device_.allocate(100 * kMebibyte, stream());
  EXPECT_EQ(second, first);
  device_.deallocate(second);
}

TEST_P(PoolTest, BlocksAreSplitAndMerged) {
  const uint64_t segments = device_.pool_statistics().device_allocations;
  std::vector<void*> blocks;
  blocks.reserve(16);
  for (int i = 0; i < 16; ++i) blocks.push_back(device_.allocate(kMebibyte / 8, stream()));
  EXPECT_EQ(device_.pool_statistics().device_allocations, segments + 1);
  EXPECT_EQ(device_.pool_statistics().allocated_bytes, 2 * kMebibyte);
  // In an order that leaves gaps first.
  for (size_t i = 0; i < 16; i += 2) device_.deallocate(blocks[i]);
  for (size_t i = 1; i < 16; i += 2) device_.deallocate(blocks[i]);
  void* whole = device_.allocate(kMebibyte, stream());
  void* rest = device_.allocate(kMebibyte, stream());
  EXPECT_EQ(device_.pool_statistics().device_allocations, segments + 1);
  device_.deallocate(whole);
  device_.deallocate(rest);
}

TEST_P(PoolTest, EmptyCacheGivesEverythingBack) {
  device_.empty_cache();
  void* small = device_.allocate(100, stream());
  void* large = device_.allocate(50 * kMebibyte, stream());
  EXPECT_GE(device_.pool_statistics().reserved_bytes, 52 * kMebibyte);
  device_.deallocate(large);
  device_.empty_cache();
  EXPECT_EQ(device_.pool_statistics().reserved_bytes, 2 * kMebibyte);
  EXPECT_FALSE(device_.owns(large));
  EXPECT_TRUE(device_.owns(small));
  device_.deallocate(small);
  device_.empty_cache();
  EXPECT_EQ(device_.pool_statistics().reserved_bytes, 0u);
  EXPECT_GE(device_.pool_statistics().peak_allocated_bytes, 50 * kMebibyte);
}

TEST_P(PoolTest, StatisticsCountWhatComesGoesAndPeaks) {
  device_.empty_cache();
  const PoolStatistics before = device_.pool_statistics();
  void* small = device_.allocate(1000, stream());  // Two units.
  void* large = device_.allocate(50 * kMebibyte, stream());
  device_.deallocate(large);
  device_.empty_cache();
  PoolStatistics now = device_.pool_statistics();
  EXPECT_EQ(now.live_allocations, before.live_allocations + 1);
  EXPECT_EQ(now.allocations, before.allocations + 2);
  EXPECT_EQ(now.total_allocated_bytes, before.total_allocated_bytes + 1024 + 50 * kMebibyte);
  EXPECT_EQ(now.total_reserved_bytes, before.total_reserved_bytes + 52 * kMebibyte);
  EXPECT_EQ(now.buffers, before.buffers + 1);
  EXPECT_GE(now.peak_buffers, before.buffers + 2);
  EXPECT_GE(now.peak_live_allocations, before.live_allocations + 2);
  EXPECT_GE(now.peak_reserved_bytes, before.reserved_bytes + 52 * kMebibyte);
  device_.reset_peak_statistics();
  now = device_.pool_statistics();
  EXPECT_EQ(now.peak_allocated_bytes, now.allocated_bytes);
  EXPECT_EQ(now.peak_live_allocations, now.live_allocations);
  EXPECT_EQ(now.peak_reserved_bytes, now.reserved_bytes);
  EXPECT_EQ(now.peak_buffers, now.buffers);
  EXPECT_THROW(device_.allocate(SIZE_MAX / 2, stream()), Error);
  EXPECT_EQ(device_.pool_statistics().out_of_memory, before.out_of_memory + 1);
  device_.deallocate(small);
}

TEST_P(PoolTest, TooMuchIsAnErrorThatSaysHowMuch) {
  try {
    device_.allocate(size_t{1} << 50, stream());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status_class(), TN_OUT_OF_MEMORY);
    EXPECT_NE(error.message().find("1125899906842624"), std::string::npos) << error.message();
  }
  device_.deallocate(device_.allocate(100, stream()));  // And nothing is broken.
}

TEST_P(PoolTest, AStreamTakesItsCachedMemoryAlong) {
  device_.empty_cache();
  const uint64_t before = device_.pool_statistics().reserved_bytes;
  std::unique_ptr<Stream> other = device_.create_stream();
  void* freed = device_.allocate(100, *other);
  void* kept = device_.allocate(30 * kMebibyte, *other);
  device_.deallocate(freed);
  other.reset();
  EXPECT_EQ(device_.pool_statistics().reserved_bytes, before + 30 * kMebibyte);
  device_.deallocate(kept);
  EXPECT_EQ(device_.pool_statistics().reserved_bytes, before);
}

// Random traffic: no two live allocations overlap, and all counts come out even.
TEST_P(PoolTest, LiveAllocationsNeverOverlap) {
  std::mt19937 random(1);
  std::map<uint64_t, uint64_t> live;
  for (int i = 0; i < 3000; ++i) {
    if (live.size() > 40 || (!live.empty() && random() % 3 == 0)) {
      auto victim = std::next(live.begin(), random() % live.size());
      device_.deallocate(reinterpret_cast<void*>(victim->first));
      live.erase(victim);
      continue;
    }
    const uint64_t size = 1 + random() % (size_t{1} << (random() % 23));
    const auto address = reinterpret_cast<uint64_t>(device_.allocate(size, stream()));
    const auto next = live.lower_bound(address);
    if (next != live.end()) {
      ASSERT_LE(address + size, next->first);
    }
    if (next != live.begin()) {
      ASSERT_LE(std::prev(next)->first + std::prev(next)->second, address);
    }
    live[address] = size;
  }
  for (const auto& [address, size] : live) device_.deallocate(reinterpret_cast<void*>(address));
  EXPECT_EQ(device_.pool_statistics().allocated_bytes, 0u);
  device_.empty_cache();
  EXPECT_EQ(device_.pool_statistics().reserved_bytes, 0u);
}

TEST(PoolSizes, FollowTheMemoryOfTheDevice) {
  for (const uint64_t total : {uint64_t{0}, uint64_t{16} << 30}) {
    const PoolSizes plenty(total);
    EXPECT_EQ(plenty.small_segment, 2 * kMebibyte);
    EXPECT_EQ(plenty.large_segment, 20 * kMebibyte);
    EXPECT_EQ(plenty.granule, 2 * kMebibyte);
    EXPECT_EQ(plenty.reserve, 256 * kMebibyte);
  }
  const PoolSizes small(64 * kMebibyte);
  EXPECT_EQ(small.small_segment, kMebibyte / 2);
  EXPECT_EQ(small.large_segment, 4 * kMebibyte);
  EXPECT_EQ(small.granule, kMebibyte / 2);
  EXPECT_EQ(small.reserve, 4 * kMebibyte);
  const PoolSizes tiny(kMebibyte);
  EXPECT_EQ(tiny.small_segment, kMebibyte / 16);
  EXPECT_LE(tiny.large_segment, kMebibyte / 4);
}

// A device of 64 MiB that a framework fills.
class LittleMemoryTest : public testing::TestWithParam<const char*> {
 protected:
  static constexpr size_t kTotal = 64 * kMebibyte;
  LittleMemoryTest()
      : context_(Context::create({GetParam() + std::to_string(kTotal)})),
        device_(context_->device(0)) {}

  std::unique_ptr<Context> context_;
  ManagedDevice& device_;
};
INSTANTIATE_TEST_SUITE_P(Modes, LittleMemoryTest,
                         testing::Values("cpu?memory_limit=", "cpu?memory=discrete&memory_limit=",
                                         "cpu?memory=mapped&memory_limit="),
                         [](const auto& info) {
                           return std::string(1, static_cast<char>('A' + info.index));
                         });

TEST_P(LittleMemoryTest, SegmentsAreSmall) {
  Stream& stream = device_.default_stream();
  void* small = device_.allocate(100, stream);
  EXPECT_LE(device_.pool_statistics().reserved_bytes, kMebibyte / 2);
  void* large = device_.allocate(kMebibyte, stream);
  EXPECT_LE(device_.pool_statistics().reserved_bytes, 5 * kMebibyte);
  device_.deallocate(small);
  device_.deallocate(large);
}

TEST_P(LittleMemoryTest, NearlyAllOfItCanBeUsed) {
  std::vector<std::unique_ptr<Stream>> streams;  // Each with segments of its own.
  std::vector<void*> blocks;
  size_t bytes = 0;
  const auto fill = [&](size_t size) {
    try {
      for (;;) {
        streams.push_back(device_.create_stream());
        blocks.push_back(device_.allocate(size, *streams.back()));
        bytes += size;
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.status_class(), TN_OUT_OF_MEMORY);
      EXPECT_NE(error.message().find("asked for"), std::string::npos) << error.message();
    }
  };
  for (const size_t size : {6 * kMebibyte, kMebibyte, 100 * kMebibyte / 1024}) fill(size);
  EXPECT_GE(bytes, 56 * kMebibyte);
  EXPECT_LE(device_.available_memory(), kMebibyte);
  for (void* block : blocks) device_.deallocate(block);
  device_.empty_cache();
  EXPECT_EQ(device_.available_memory(), kTotal - PoolSizes(kTotal).reserve);
}

// A device whose tensors fill all they may still computes what needs memory of its own.
TEST_P(LittleMemoryTest, TemporariesFitWhenTensorsFillTheDevice) {
  Stream& stream = device_.default_stream();
  Tensor values(device_, {1001}, counting(1001));
  std::vector<void*> blocks;
  for (const size_t size : {kMebibyte, size_t{512}}) {
    try {
      for (;;) blocks.push_back(device_.allocate(size, stream));
    } catch (const Error& error) {
      EXPECT_EQ(error.status_class(), TN_OUT_OF_MEMORY);
    }
  }
  for (int round = 0; round < 3; ++round) {
    values.write(counting(1001));
    const std::vector<Argument> inputs = {values.view({1000}, {1}), values.view({1000}, {1})};
    const Argument output = values.view({1000}, {1}, 1);  // Overlaps: needs a temporary.
    device_.run(Operation("Add"), inputs, {&output, 1}, stream);
    EXPECT_EQ(values.read()[1000], 1998);
    EXPECT_EQ(values.read()[1], 0);
    // And tensors do not get at what the temporary was in.
    EXPECT_THROW(device_.allocate(512, stream), Error);
  }
  for (void* block : blocks) device_.deallocate(block);
}

}  // namespace
}  // namespace tenon::runtime
