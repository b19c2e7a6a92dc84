// SPDX-License-Identifier: Apache-2.0
//
// From an address to the buffer behind it.
//
//   whole granules (segments of the pool)     two loads in a radix tree of 2 MiB granules
//   anything else (adopted and pinned memory) binary search in a sorted array under a sequence lock
//
// Readers take no lock and never wait for each other. Writers take one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/device.h"
#include "tenon/tenon.h"

namespace tenon::runtime {

class AddressMap {
 public:
  static constexpr uint64_t kGranule = uint64_t{2} << 20;

  AddressMap();
  ~AddressMap();
  AddressMap(const AddressMap&) = delete;
  AddressMap& operator=(const AddressMap&) = delete;

  // [address, address + size) belongs to `buffer`, from its first byte on. Ranges that are whole
  // granules are found fastest. Throws TN_OVERLAP when part of it is taken.
  void insert(uint64_t address, uint64_t size, tn_buffer* buffer);
  // Forgets what was inserted at `address`; none of its addresses may be in use.
  void erase(uint64_t address);

  // The buffer of an address inside an inserted range, or a null one. An address that is being
  // inserted or erased meanwhile gives either answer.
  Location find(const void* pointer) const {
    const auto address = reinterpret_cast<uint64_t>(pointer);
    if (address >> kAddressBits == 0) [[likely]] {
      if (const Leaf* leaf = leaf_of(address)) {
        const Granule& granule = (*leaf)[(address / kGranule) % kLeafSize];
        if (tn_buffer* buffer = granule.buffer.load(std::memory_order_acquire)) [[likely]] {
          return {buffer, address - granule.begin.load(std::memory_order_relaxed)};
        }
      }
    }
    return find_irregular(address);
  }

 private:
  // 47 bits hold every user address of the machines we know; others are irregular.
  static constexpr int kAddressBits = 47;
  static constexpr size_t kLeafSize = size_t{1} << 13;
  static constexpr size_t kRootSize = (uint64_t{1} << kAddressBits) / kGranule / kLeafSize;

  struct Granule {
    std::atomic<tn_buffer*> buffer;
    std::atomic<uint64_t> begin;
  };
  using Leaf = std::array<Granule, kLeafSize>;

  // A sorted array that readers may see half written; the sequence number tells them.
  struct IrregularRange {
    std::atomic<uint64_t> begin, end;
    std::atomic<tn_buffer*> buffer;
  };
  struct IrregularArray {
    explicit IrregularArray(size_t size) : capacity(size), ranges(new IrregularRange[size]()) {}
    const size_t capacity;
    const std::unique_ptr<IrregularRange[]> ranges;
  };
  struct Range {
    uint64_t begin, end;
    tn_buffer* buffer;
  };

  static bool regular(uint64_t address, uint64_t size) {
    return address % kGranule == 0 && size % kGranule == 0 && (address + size) >> kAddressBits == 0;
  }
  const Leaf* leaf_of(uint64_t address) const {
    return root_[address / kGranule / kLeafSize].load(std::memory_order_acquire);
  }
  Location find_irregular(uint64_t address) const;
  void set_granules(const Range& range, bool present);
  void publish_irregular();

  const std::unique_ptr<std::atomic<Leaf*>[]> root_;

  std::atomic<uint64_t> sequence_{0};  // Odd while the array is being written.
  std::atomic<uint64_t> irregular_count_{0};
  std::atomic<IrregularArray*> irregular_{nullptr};

  std::mutex mutex_;           // Of all below and of writing.
  std::vector<Range> ranges_;  // All, sorted.
  // Outgrown arrays stay: a reader may be in one. Doubling bounds their sum.
  std::vector<std::unique_ptr<IrregularArray>> arrays_;
};

}  // namespace tenon::runtime
