// SPDX-License-Identifier: Apache-2.0
//
// Live blocks by address: open addressing, so that allocate and deallocate touch no heap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/free_lists.h"

namespace tenon::runtime {

class BlockTable {
 public:
  BlockTable() : slots_(1024) {}

  void insert(Block* block) {
    if (2 * ++count_ > slots_.size()) grow();
    place(block);
  }

  Block* find(uint64_t address) const {
    for (size_t i = home(address); slots_[i] != nullptr; i = next(i)) {
      if (slots_[i]->address == address) return slots_[i];
    }
    return nullptr;
  }

  // Closes the gap, so that there are no tombstones to skip later.
  void erase(uint64_t address) {
    size_t hole = home(address);
    while (slots_[hole] != nullptr && slots_[hole]->address != address) hole = next(hole);
    if (slots_[hole] == nullptr) return;
    for (size_t i = next(hole); slots_[i] != nullptr; i = next(i)) {
      const size_t want = home(slots_[i]->address);
      const size_t mask = slots_.size() - 1;
      if (((i - want) & mask) >= ((i - hole) & mask)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole] = nullptr;
    --count_;
  }

  size_t size() const { return count_; }

 private:
  size_t home(uint64_t address) const {
    return ((address >> 9) * 0x9e3779b97f4a7c15 >> 32) & (slots_.size() - 1);
  }
  size_t next(size_t i) const { return (i + 1) & (slots_.size() - 1); }
  void place(Block* block) {
    size_t i = home(block->address);
    while (slots_[i] != nullptr) i = next(i);
    slots_[i] = block;
  }
  void grow() {
    std::vector<Block*> old(2 * slots_.size());
    std::swap(old, slots_);
    for (Block* block : old) {
      if (block != nullptr) place(block);
    }
  }

  std::vector<Block*> slots_;
  size_t count_ = 0;
};

}  // namespace tenon::runtime
