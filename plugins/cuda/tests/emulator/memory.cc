// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace emulator {
namespace {

constexpr uint64_t kAddresses = uint64_t{1} << 42;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kAlignment = 256;
constexpr int kPoison = 0xCB;
constexpr uint64_t kMostPoison = 16
                                 << 20;  // Of an allocation: the rest is zero, and no memory yet.

uint64_t reserve() {
  void* range =
      mmap(nullptr, kAddresses, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) {
    std::fprintf(stderr, "emulated CUDA: no room for the device's addresses\n");
    std::abort();
  }
  return reinterpret_cast<uint64_t>(range);
}

uint64_t up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }
uint64_t down(uint64_t value, uint64_t to) { return value / to * to; }

// The entry of a map of ranges that holds all of [address, address + size).
bool holds(const std::map<uint64_t, uint64_t>& ranges, uint64_t address, uint64_t size) {
  auto found = ranges.upper_bound(address);
  if (found == ranges.begin()) return false;
  --found;
  return address - found->first + size <= found->second;
}

}  // namespace

Memory::Memory() : begin_(reserve()), next_(begin_) { shift_ = reserve() - begin_; }

uint64_t Memory::end() const { return begin_ + kAddresses; }

uint64_t Memory::allocate(uint64_t size) {
  const std::lock_guard lock(mutex_);
  const uint64_t bytes = up(size, kAlignment);
  const uint64_t pages = up(bytes, kPage);
  if (size > kDeviceBytes || used_ + bytes > kDeviceBytes) return 0;
  if (next_ + pages + kPage > end()) return 0;
  auto* at = reinterpret_cast<void*>(next_ + shift_);
  if (mprotect(at, pages, PROT_READ | PROT_WRITE) != 0) return 0;
  const uint64_t address = next_ + pages - bytes;
  std::memset(at, kPoison, std::min(pages, kMostPoison));
  next_ += pages + kPage;
  used_ += bytes;
  allocations_[address] = size;
  return address;
}

bool Memory::free(uint64_t address) {
  const std::lock_guard lock(mutex_);
  const auto found = allocations_.find(address);
  if (found == allocations_.end()) return false;
  const uint64_t bytes = up(found->second, kAlignment);
  const uint64_t first = down(address, kPage);
  auto* at = reinterpret_cast<void*>(first + shift_);
  madvise(at, address + bytes - first, MADV_DONTNEED);
  mprotect(at, address + bytes - first, PROT_NONE);
  used_ -= bytes;
  allocations_.erase(found);
  return true;
}

uint64_t Memory::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

bool Memory::pin(void* memory, uint64_t size) {
  const auto address = reinterpret_cast<uint64_t>(memory);
  const uint64_t first = down(address, kPage), last = up(address + size, kPage);
  const std::lock_guard lock(mutex_);
  for (const auto& [other, bytes] : pinned_) {
    if (down(other, kPage) < last && first < up(other + bytes, kPage)) return false;
  }
  pinned_[address] = size;
  return true;
}

bool Memory::unpin(void* memory) {
  const std::lock_guard lock(mutex_);
  return pinned_.erase(reinterpret_cast<uint64_t>(memory)) == 1;
}

bool Memory::pinned(const void* memory) const {
  const std::lock_guard lock(mutex_);
  return holds(pinned_, reinterpret_cast<uint64_t>(memory), 1);
}

std::byte* Memory::bytes(uint64_t address, uint64_t size) const {
  const std::lock_guard lock(mutex_);
  if (address >= begin_ && address < end()) {
    return holds(allocations_, address, size) ? reinterpret_cast<std::byte*>(address + shift_)
                                              : nullptr;
  }
  if ((address & kHostBit) != 0) {
    address &= ~kHostBit;
    if (!holds(pinned_, address, size)) return nullptr;
  }
  return reinterpret_cast<std::byte*>(address);
}

// Never destroyed: streams may be working when the process ends.
Memory& memory() {
  static auto* const made = new Memory;
  return *made;
}

}  // namespace emulator
