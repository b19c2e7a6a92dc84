// SPDX-License-Identifier: Apache-2.0
#include "runtime/address_map.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "tenon/cpp/error.hpp"

namespace tenon::runtime {
namespace {

constexpr uint64_t kGranule = AddressMap::kGranule;
constexpr uint64_t kBase = uint64_t{0x7100} << 32;

void* at(uint64_t address) { return reinterpret_cast<void*>(address); }
// Never dereferenced: the map only hands them back.
tn_buffer* buffer(uint64_t number) { return reinterpret_cast<tn_buffer*>(number << 4); }

TEST(AddressMap, ResolvesInteriorPointersAndNothingBeside) {
  AddressMap map;
  map.insert(kBase, 3 * kGranule, buffer(1));
  for (uint64_t offset : {uint64_t{0}, uint64_t{1}, kGranule, 3 * kGranule - 1}) {
    const Location location = map.find(at(kBase + offset));
    EXPECT_EQ(location.buffer, buffer(1));
    EXPECT_EQ(location.offset, offset);
  }
  EXPECT_EQ(map.find(at(kBase - 1)).buffer, nullptr);
  EXPECT_EQ(map.find(at(kBase + 3 * kGranule)).buffer, nullptr);
  EXPECT_EQ(map.find(nullptr).buffer, nullptr);
  EXPECT_EQ(map.find(at(~uint64_t{0})).buffer, nullptr);
}

TEST(AddressMap, OnePastTheEndIsTheNeighbour) {
  AddressMap map;
  map.insert(kBase, kGranule, buffer(1));
  map.insert(kBase + kGranule, kGranule, buffer(2));
  EXPECT_EQ(map.find(at(kBase + kGranule - 1)).buffer, buffer(1));
  EXPECT_EQ(map.find(at(kBase + kGranule)).buffer, buffer(2));
  EXPECT_EQ(map.find(at(kBase + kGranule)).offset, 0u);
}

TEST(AddressMap, SeveralIrregularRangesShareAGranule) {
  AddressMap map;
  const uint64_t base = kBase + 100;
  for (uint64_t i = 0; i < 300; ++i) map.insert(base + 64 * i, 40, buffer(i + 1));
  for (uint64_t i = 0; i < 300; ++i) {
    EXPECT_EQ(map.find(at(base + 64 * i + 39)).buffer, buffer(i + 1));
    EXPECT_EQ(map.find(at(base + 64 * i + 39)).offset, 39u);
    EXPECT_EQ(map.find(at(base + 64 * i + 40)).buffer, nullptr);
  }
  map.erase(base + 64);
  EXPECT_EQ(map.find(at(base + 64)).buffer, nullptr);
  EXPECT_EQ(map.find(at(base)).buffer, buffer(1));
  EXPECT_EQ(map.find(at(base + 128)).buffer, buffer(3));
}

TEST(AddressMap, AddressesBeyond47BitsAreFound) {
  AddressMap map;
  const uint64_t high = uint64_t{1} << 55;
  map.insert(high, 2 * kGranule, buffer(7));
  EXPECT_EQ(map.find(at(high + kGranule)).buffer, buffer(7));
  EXPECT_EQ(map.find(at(high + 2 * kGranule)).buffer, nullptr);
}

TEST(AddressMap, RefusesOverlap) {
  AddressMap map;
  map.insert(kBase, 2 * kGranule, buffer(1));
  for (const auto& [address, size] : std::vector<std::pair<uint64_t, uint64_t>>{
           {kBase, 1}, {kBase + kGranule, kGranule}, {kBase - 10, 11}, {kBase - 1, 3 * kGranule}}) {
    EXPECT_THROW(map.insert(address, size, buffer(2)), Error);
  }
  map.insert(kBase - 10, 10, buffer(3));
  map.insert(kBase + 2 * kGranule, 10, buffer(4));
  EXPECT_EQ(map.find(at(kBase)).buffer, buffer(1));
}

TEST(AddressMap, FreedAddressesServeAgain) {
  AddressMap map;
  map.insert(kBase, 2 * kGranule, buffer(1));
  map.erase(kBase);
  EXPECT_EQ(map.find(at(kBase)).buffer, nullptr);
  EXPECT_EQ(map.find(at(kBase + kGranule)).buffer, nullptr);
  map.insert(kBase + kGranule, kGranule, buffer(2));
  EXPECT_EQ(map.find(at(kBase)).buffer, nullptr);
  EXPECT_EQ(map.find(at(kBase + kGranule)).offset, 0u);
}

// Each thread looks up ranges of its own, which live, while all free and reuse theirs beside them.
TEST(AddressMap, EightThreadsLookUpWhileOthersFreeAndReuse) {
  AddressMap map;
  constexpr uint64_t kThreads = 8, kRounds = 300;
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      const uint64_t segment = kBase + t * 4 * kGranule;
      const uint64_t irregular = kBase + kThreads * 4 * kGranule + t * 200;  // Shared granule.
      for (uint64_t round = 1; round <= kRounds; ++round) {
        tn_buffer* const mine = buffer(t * kRounds + round);
        const uint64_t size = 1 + random() % 199;
        map.insert(segment, (1 + round % 4) * kGranule, mine);
        map.insert(irregular, size, mine);
        for (int i = 0; i < 50; ++i) {
          const uint64_t inside = random() % ((1 + round % 4) * kGranule);
          const Location a = map.find(at(segment + inside));
          wrong += a.buffer != mine || a.offset != inside;
          const uint64_t within = random() % size;
          const Location b = map.find(at(irregular + within));
          wrong += b.buffer != mine || b.offset != within;
        }
        map.erase(segment);
        map.erase(irregular);
        wrong += map.find(at(segment)).buffer != nullptr;
        wrong += map.find(at(irregular)).buffer != nullptr;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace tenon::runtime
