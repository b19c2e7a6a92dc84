// SPDX-License-Identifier: Apache-2.0
#include "runtime/address_map.h"

#include <algorithm>
#include <cstdio>
#include <string>

namespace tenon::runtime {
namespace {

std::string hexadecimal(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

AddressMap::AddressMap() : root_(new std::atomic<Leaf*>[kRootSize]()) {}

AddressMap::~AddressMap() {
  for (size_t i = 0; i < kRootSize; ++i) delete root_[i].load(std::memory_order_relaxed);
}

void AddressMap::insert(uint64_t address, uint64_t size, tn_buffer* buffer) {
  if (size == 0) return;
  const Range range{address, address + size, buffer};
  std::lock_guard lock(mutex_);
  const auto next = std::lower_bound(ranges_.begin(), ranges_.end(), range.end,
                                     [](const Range& r, uint64_t end) { return r.begin < end; });
  if (next != ranges_.begin() && std::prev(next)->end > address) {
    throw Error(TN_OVERLAP, "",
                "the memory at " + hexadecimal(address) + " overlaps what is known at " +
                    hexadecimal(std::prev(next)->begin));
  }
  ranges_.insert(next, range);
  if (regular(address, size)) {
    set_granules(range, true);
  } else {
    publish_irregular();
  }
}

void AddressMap::erase(uint64_t address) {
  std::lock_guard lock(mutex_);
  const auto found =
      std::lower_bound(ranges_.begin(), ranges_.end(), address,
                       [](const Range& r, uint64_t begin) { return r.begin < begin; });
  if (found == ranges_.end() || found->begin != address) return;
  const Range range = *found;
  ranges_.erase(found);
  if (regular(range.begin, range.end - range.begin)) {
    set_granules(range, false);
  } else {
    publish_irregular();
  }
}

void AddressMap::set_granules(const Range& range, bool present) {
  for (uint64_t address = range.begin; address < range.end; address += kGranule) {
    std::atomic<Leaf*>& slot = root_[address / kGranule / kLeafSize];
    Leaf* leaf = slot.load(std::memory_order_relaxed);
    if (leaf == nullptr) {
      leaf = new Leaf();
      slot.store(leaf, std::memory_order_release);
    }
    Granule& granule = (*leaf)[(address / kGranule) % kLeafSize];
    granule.begin.store(range.begin, std::memory_order_relaxed);
    granule.buffer.store(present ? range.buffer : nullptr, std::memory_order_release);
  }
}

// Release stores after the odd number and acquire loads before it is read again: a reader that saw
// any new value also sees that the number has changed. No fences, which ThreadSanitizer cannot see.
void AddressMap::publish_irregular() {
  size_t count = 0;
  for (const Range& r : ranges_) count += !regular(r.begin, r.end - r.begin);
  IrregularArray* array = irregular_.load(std::memory_order_relaxed);
  if (array == nullptr || array->capacity < count) {
    arrays_.push_back(std::make_unique<IrregularArray>(std::max<size_t>(64, 2 * count)));
    array = arrays_.back().get();
  }
  const uint64_t sequence = sequence_.load(std::memory_order_relaxed);
  sequence_.store(sequence + 1, std::memory_order_relaxed);
  size_t i = 0;
  for (const Range& r : ranges_) {
    if (regular(r.begin, r.end - r.begin)) continue;
    array->ranges[i].begin.store(r.begin, std::memory_order_release);
    array->ranges[i].end.store(r.end, std::memory_order_release);
    array->ranges[i].buffer.store(r.buffer, std::memory_order_release);
    ++i;
  }
  irregular_.store(array, std::memory_order_release);
  irregular_count_.store(count, std::memory_order_release);
  sequence_.store(sequence + 2, std::memory_order_release);
}

Location AddressMap::find_irregular(uint64_t address) const {
  for (;;) {
    const uint64_t sequence = sequence_.load(std::memory_order_acquire);
    if (sequence % 2 != 0) continue;  // A writer is at it; it never waits for us.
    const size_t count = irregular_count_.load(std::memory_order_acquire);
    const IrregularArray* array = irregular_.load(std::memory_order_acquire);
    Location found{nullptr, 0};
    if (array != nullptr && count <= array->capacity) {
      size_t low = 0, high = count;  // The first range that begins behind the address.
      while (low < high) {
        const size_t middle = (low + high) / 2;
        if (array->ranges[middle].begin.load(std::memory_order_acquire) <= address) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      if (low > 0) {
        const IrregularRange& range = array->ranges[low - 1];
        if (address < range.end.load(std::memory_order_acquire)) {
          found = {range.buffer.load(std::memory_order_acquire),
                   address - range.begin.load(std::memory_order_acquire)};
        }
      }
    }
    if (sequence_.load(std::memory_order_relaxed) == sequence) return found;
  }
}

}  // namespace tenon::runtime
