// SPDX-License-Identifier: Apache-2.0
//
// Blocks of the pool, and lists of free ones by size. Intrusive: nothing here allocates.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tenon::runtime {

struct DeviceStream;
struct Segment;

// A piece of a segment. Neighbours of the same segment are linked in the order of addresses.
struct Block {
  uint64_t address = 0;
  uint64_t size = 0;
  Segment* segment = nullptr;
  Block* before = nullptr;
  Block* after = nullptr;
  bool free = false;
  Block* previous_free = nullptr;
  Block* next_free = nullptr;
  std::vector<std::shared_ptr<DeviceStream>> uses;  // Other streams that may be using it.
};

// Two-level size classes (powers of two, each in eight), so that a fit is found with a few
// instructions however many blocks there are.
class FreeLists {
 public:
  explicit FreeLists(uint64_t unit) : unit_(unit) {}

  void insert(Block* block) {
    const size_t bin = bin_of(block->size);
    block->previous_free = nullptr;
    block->next_free = heads_[bin];
    if (block->next_free != nullptr) block->next_free->previous_free = block;
    heads_[bin] = block;
    bitmap_[bin / 64] |= uint64_t{1} << (bin % 64);
  }

  void remove(Block* block) {
    const size_t bin = bin_of(block->size);
    if (block->previous_free != nullptr) {
      block->previous_free->next_free = block->next_free;
    } else {
      heads_[bin] = block->next_free;
      if (heads_[bin] == nullptr) bitmap_[bin / 64] &= ~(uint64_t{1} << (bin % 64));
    }
    if (block->next_free != nullptr) block->next_free->previous_free = block->previous_free;
  }

  // A block of at least `size` bytes, or null. The best of its own class, which repeated sizes hit;
  // else any of the next class that has one.
  Block* find(uint64_t size) const {
    const size_t bin = bin_of(size);
    Block* best = nullptr;
    for (Block* block = heads_[bin]; block != nullptr; block = block->next_free) {
      if (block->size == size) return block;
      if (block->size > size && (best == nullptr || block->size < best->size)) best = block;
    }
    if (best != nullptr) return best;
    size_t word = (bin + 1) / 64;
    uint64_t bits = bitmap_[word] & (~uint64_t{0} << ((bin + 1) % 64));
    while (bits == 0) {
      if (++word == bitmap_.size()) return nullptr;
      bits = bitmap_[word];
    }
    return heads_[word * 64 + static_cast<size_t>(std::countr_zero(bits))];
  }

  template <class Function>
  void for_each(Function&& function) const {
    for (Block* head : heads_) {
      for (Block* block = head; block != nullptr;) {
        Block* next = block->next_free;
        function(block);
        block = next;
      }
    }
  }

 private:
  static constexpr size_t kBins = 384;  // Up to 2^48 units and more.

  size_t bin_of(uint64_t size) const {
    const uint64_t units = size / unit_;
    if (units < 8) return units;
    const int log = std::bit_width(units) - 1;
    return static_cast<size_t>(log - 2) * 8 + ((units >> (log - 3)) & 7);
  }

  const uint64_t unit_;
  std::array<Block*, kBins> heads_{};
  std::array<uint64_t, kBins / 64> bitmap_{};
};

}  // namespace tenon::runtime
