// SPDX-License-Identifier: Apache-2.0
//
// A call whose kernel exists touches no heap: malloc is replaced by one that counts.
#include <atomic>
#include <cstdlib>

#include "fixture.h"

namespace {

thread_local bool counting_on = false;
thread_local int allocations = 0;

}  // namespace

// glibc's own, under the names it keeps for programs that replace malloc.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* pointer, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  allocations += counting_on;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  allocations += counting_on;
  return __libc_calloc(count, size);
}
void* realloc(void* pointer, size_t size) {
  allocations += counting_on;
  return __libc_realloc(pointer, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  allocations += counting_on;
  return __libc_memalign(alignment, size);
}
}

namespace tenon::runtime {
namespace {

using AllocationTest = DeviceTest;
TENON_IN_ALL_MEMORY_MODES(AllocationTest);

template <class Function>
int allocations_of(const Function& function) {
  allocations = 0;
  counting_on = true;
  function();
  counting_on = false;
  return allocations;
}

TEST_P(AllocationTest, TheCounterCounts) {
  EXPECT_GT(allocations_of([] { delete new std::string(1000, 'x'); }), 0);
}

TEST_P(AllocationTest, ACallWithItsKernelTouchesNoHeap) {
  Tensor a(device_, {4}, counting(4)), b(device_, {4}, counting(4)), c(device_, TN_FLOAT32, {4});
  static const Operation kAdd("Add");
  const Argument inputs[] = {a.argument(), b.argument()};
  const Argument output = c.argument();
  const auto call = [&] { device_.run(kAdd, inputs, {&output, 1}, stream()); };
  for (int i = 0; i < 100; ++i) call();
  stream().synchronize();
  EXPECT_EQ(allocations_of(call), 0);
  stream().synchronize();
}

TEST_P(AllocationTest, AllocateAndDeallocateTouchNoHeap) {
  const auto call = [&] { device_.deallocate(device_.allocate(5000, stream())); };
  call();
  EXPECT_EQ(allocations_of(call), 0);
}

TEST_P(AllocationTest, InPlaceAndHostValuesTouchNoHeap) {
  Tensor a(device_, {4}, counting(4));
  static const Operation kMul("Mul");
  const float half = 0.5f;
  const Argument inputs[] = {a.argument(), host_float(half)};
  const Argument output = a.argument();
  const auto call = [&] { device_.run(kMul, inputs, {&output, 1}, stream()); };
  for (int i = 0; i < 100; ++i) call();
  stream().synchronize();
  EXPECT_EQ(allocations_of(call), 0);
  stream().synchronize();
}

}  // namespace
}  // namespace tenon::runtime
