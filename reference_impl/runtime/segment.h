// SPDX-License-Identifier: Apache-2.0
//
// A buffer of the device that the pool cuts into blocks, under addresses of its own.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/address_map.h"
#include "tenon/tenon.h"

namespace tenon::runtime {

struct Arena;

// Addresses that fault when touched, for devices that have no addresses to offer.
class ReservedRange {
 public:
  ReservedRange() = default;
  // `size` bytes or more at a multiple of AddressMap::kGranule. Throws TN_OUT_OF_MEMORY.
  explicit ReservedRange(uint64_t size);
  ReservedRange(ReservedRange&& other) noexcept;
  ReservedRange& operator=(ReservedRange&&) = delete;
  ~ReservedRange();
  uint64_t address() const { return address_; }

 private:
  uint64_t address_ = 0;
  uint64_t size_ = 0;
};

struct Segment {
  // `alignment`: what to ask the device for; 0 is its own. Throws what tn_buffer_create answers.
  Segment(tn_device* device, AddressMap& map, uint64_t size, uint32_t alignment, tn_stream* stream);
  // Work that uses it may be in flight.
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  AddressMap& map;
  uint64_t size;
  tn_buffer* buffer = nullptr;
  uint64_t address = 0;
  bool small = false;      // For small allocations alone.
  bool reserve = false;    // From the pool's reserve: never kept when free.
  Arena* arena = nullptr;  // Of the stream that it serves.

 private:
  std::unique_ptr<ReservedRange> reserved_;
};

}  // namespace tenon::runtime
