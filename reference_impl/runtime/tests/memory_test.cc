// SPDX-License-Identifier: Apache-2.0
//
// Addresses, copies, pinned and adopted memory.
#include <cstring>
#include <set>
#include <thread>

#include "fixture.h"

namespace tenon::runtime {
namespace {

using MemoryTest = DeviceTest;
TENON_IN_ALL_MEMORY_MODES(MemoryTest);

TEST_P(MemoryTest, AddressesAreUniqueAlignedAndResolve) {
  std::set<void*> seen;
  std::vector<Tensor> tensors;
  for (int64_t size : {1, 63, 64, 5000, 300000, 3000000, 12000000}) {
    tensors.emplace_back(device_, TN_UINT8, Dims{size});
    void* address = tensors.back().data();
    EXPECT_TRUE(seen.insert(address).second);
    EXPECT_EQ(reinterpret_cast<uint64_t>(address) % 64, 0u);
    const Location first = device_.resolve(address);
    const Location last = device_.resolve(static_cast<char*>(address) + size - 1);
    EXPECT_EQ(first.buffer, last.buffer);
    EXPECT_EQ(last.offset - first.offset, static_cast<uint64_t>(size - 1));
  }
  int local = 0;
  EXPECT_FALSE(device_.owns(&local));
  EXPECT_THROW(device_.resolve(&local), Error);
  EXPECT_EQ(device_.allocate(0, stream()), nullptr);
  device_.deallocate(nullptr);
  EXPECT_THROW(device_.deallocate(&local), Error);
}

TEST_P(MemoryTest, CopiesReachEveryPart) {
  const std::vector<float> values = counting(1000);
  Tensor a(device_, {1000}, values), b(device_, TN_FLOAT32, {1000});
  const float pattern = 7;
  device_.fill(b.data(), b.bytes(), &pattern, sizeof(pattern), stream());
  device_.copy(static_cast<float*>(b.data()) + 10, static_cast<float*>(a.data()) + 500, 40,
               stream());
  const std::vector<float> result = b.read();
  EXPECT_EQ(result[9], 7);
  EXPECT_EQ(result[10], 500);
  EXPECT_EQ(result[19], 509);
  EXPECT_EQ(result[20], 7);
}

TEST_P(MemoryTest, MapLetsTheHostReadAndWrite) {
  Tensor a(device_, {256}, counting(256));
  auto* values = static_cast<float*>(device_.map(static_cast<float*>(a.data()) + 16, 64,
                                                 TN_ACCESS_READ | TN_ACCESS_WRITE, stream()));
  EXPECT_EQ(values[3], 19);
  values[3] = -1;
  device_.unmap(values);
  EXPECT_EQ(a.read()[19], -1);
  EXPECT_EQ(a.read()[20], 20);
  if (device_.coherent()) {
    EXPECT_EQ(values, static_cast<float*>(a.data()) + 16);
  }
}

TEST_P(MemoryTest, PinnedMemoryCopiesAndMayBeFreedEarly) {
  Tensor a(device_, TN_FLOAT32, {1 << 16});
  auto* pinned = static_cast<float*>(device_.allocate_pinned(a.bytes()));
  for (int i = 0; i < 1 << 16; ++i) pinned[i] = static_cast<float>(i);
  device_.copy_to_device(a.data(), pinned, a.bytes(), stream());
  device_.deallocate_pinned(pinned);
  auto* later = static_cast<float*>(device_.allocate_pinned(a.bytes()));
  std::memset(later, 0, a.bytes());
  EXPECT_EQ(a.read(), counting(1 << 16));
  device_.copy_to_host(later, a.data(), a.bytes(), stream());
  stream().synchronize();
  EXPECT_EQ(later[65535], 65535);
  device_.deallocate_pinned(later);
  EXPECT_THROW(device_.deallocate_pinned(later), Error);
}

TEST_P(MemoryTest, AdoptedMemoryIsAnArgument) {
  std::vector<float> x = counting(4), y(4);
  device_.adopt_host(x.data(), 16);
  device_.adopt_host(y.data(), 16);
  device_.adopt_host(y.data(), 16);  // Twice, forgotten twice.
  const Dims dims{4};
  run(Operation("Neg"), {Argument::device(x.data(), TN_FLOAT32, dims)},
      {Argument::device(y.data(), TN_FLOAT32, dims)});
  device_.forget_host(y.data());
  EXPECT_TRUE(device_.owns(y.data()));
  device_.forget_host(y.data());
  device_.forget_host(x.data());  // Waits: the result is there without a synchronize.
  EXPECT_EQ(y, (std::vector<float>{0, -1, -2, -3}));
  EXPECT_FALSE(device_.owns(y.data()));
  EXPECT_THROW(device_.forget_host(y.data()), Error);
}

TEST_P(MemoryTest, ThreadsAllocateFreeAndComputeAtOnce) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::unique_ptr<Stream> own = device_.create_stream();
      static const Operation kAdd("Add");
      for (int i = 0; i < 100; ++i) {
        const auto value = static_cast<float>(t * 1000 + i);
        Tensor a(device_, TN_FLOAT32, {100}, own.get());
        Tensor b(device_, TN_FLOAT32, {100}, own.get());
        device_.fill(a.data(), a.bytes(), &value, sizeof(value), *own);
        const Argument inputs[] = {a.argument(), a.argument()};
        const Argument output = b.argument();
        device_.run(kAdd, inputs, {&output, 1}, *own);
        std::vector<float> result(100);
        device_.copy_to_host(result.data(), b.data(), b.bytes(), *own);
        own->synchronize();
        wrong += result != std::vector<float>(100, 2 * value);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(device_.pool_statistics().allocated_bytes, 0u);
}

}  // namespace
}  // namespace tenon::runtime
