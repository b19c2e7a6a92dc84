// SPDX-License-Identifier: Apache-2.0
//
// Counts allocations of the whole program, all threads. Sanitizers bring a malloc of their own:
// there only operator new is counted.
#include <cstdlib>
#include <new>

#include "reference_impl/cpu/tests/device_harness.h"

namespace {
std::atomic<uint64_t> count{0};
}

namespace tenon::cpu::testing {
uint64_t allocations() { return count.load(); }
}  // namespace tenon::cpu::testing

#if !defined(TENON_SANITIZED) && defined(__GLIBC__)

// operator new comes here as well.
extern "C" void* __libc_malloc(size_t size);
extern "C" void* malloc(size_t size) {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}

#else

void* operator new(size_t size) {
  count.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

#endif
