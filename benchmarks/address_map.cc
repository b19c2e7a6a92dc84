// SPDX-License-Identifier: Apache-2.0
//
// Nanoseconds from an address to its buffer: by one thread alone, and by eight while two others
// insert and erase beside them. In segments of the pool and in adopted memory of any alignment.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "runtime/address_map.h"

namespace {

using tenon::runtime::AddressMap;

constexpr uint64_t kSegments = 200;
constexpr uint64_t kBase = uint64_t{0x7200} << 32;
constexpr uint64_t kIrregular = uint64_t{0x7300} << 32;
constexpr size_t kAddresses = 4096;
constexpr int kRounds = 200;

tn_buffer* buffer(uint64_t number) { return reinterpret_cast<tn_buffer*>((number + 1) << 4); }

// The median over rounds of ns per lookup of this thread; -1 when a lookup was wrong.
double measure(const AddressMap& map, const std::vector<const void*>& addresses) {
  std::vector<double> samples;
  uint64_t missing = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (const void* address : addresses) missing += map.find(address).buffer == nullptr;
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    samples.push_back(time.count() / static_cast<double>(addresses.size()));
  }
  std::nth_element(samples.begin(), samples.begin() + kRounds / 2, samples.end());
  return missing == 0 ? samples[kRounds / 2] : -1;
}

double measure_in_threads(AddressMap& map, const std::vector<const void*>& addresses, int readers,
                          int writers) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> writing, reading;
  for (int w = 0; w < writers; ++w) {
    writing.emplace_back([&, w] {
      const uint64_t place =
          kBase + (kSegments + 10 + static_cast<uint64_t>(w) * 10) * AddressMap::kGranule * 2;
      const uint64_t odd = kIrregular + 100000000 + static_cast<uint64_t>(w) * 1000;
      while (!stop) {
        map.insert(place, AddressMap::kGranule, buffer(1));
        map.insert(odd, 100, buffer(2));
        map.erase(place);
        map.erase(odd);
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
    });
  }
  std::vector<double> results(static_cast<size_t>(readers));
  for (double& result : results) {
    reading.emplace_back([&] { result = measure(map, addresses); });
  }
  for (std::thread& thread : reading) thread.join();
  stop = true;
  for (std::thread& thread : writing) thread.join();
  std::sort(results.begin(), results.end());
  return results.front() < 0 ? -1 : results[results.size() / 2];
}

}  // namespace

int main() {
  AddressMap map;
  std::mt19937_64 random(1);
  std::vector<const void*> segments, irregular;
  for (uint64_t i = 0; i < kSegments; ++i) {
    map.insert(kBase + i * 2 * AddressMap::kGranule, AddressMap::kGranule, buffer(i));
    map.insert(kIrregular + i * 1000 + 24, 900, buffer(i));
  }
  for (size_t i = 0; i < kAddresses; ++i) {
    const uint64_t which = random() % kSegments;
    segments.push_back(reinterpret_cast<const void*>(kBase + which * 2 * AddressMap::kGranule +
                                                     random() % AddressMap::kGranule));
    irregular.push_back(
        reinterpret_cast<const void*>(kIrregular + which * 1000 + 24 + random() % 900));
  }
  bool right = true;
  for (const auto& [name, addresses] :
       {std::pair("segments of the pool", &segments), std::pair("adopted memory", &irregular)}) {
    const double alone = measure_in_threads(map, *addresses, 1, 0);
    const double together = measure_in_threads(map, *addresses, 8, 2);
    std::printf("%-22s 1 thread %6.2f ns, 8 threads with 2 writers %6.2f ns\n", name, alone,
                together);
    right &= alone >= 0 && together >= 0;
  }
  if (!right) std::printf("a lookup was wrong\n");
  return right ? 0 : 1;
}
