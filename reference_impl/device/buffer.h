// SPDX-License-Identifier: Apache-2.0
//
// Buffers and their mappings.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "reference_impl/device/device.h"
#include "reference_impl/device/staging.h"

namespace tenon::device {

class Buffer : public DeviceObject {
 public:
  Buffer(OpenDevice& device, const Block& block, tn_buffer_kind kind)
      : DeviceObject(device), mapping_count_(block.read_only ? 1 : 0), block_(block), kind_(kind) {}

  const Block& block() const { return block_; }
  std::byte* data() const { return block_.data; }
  uint64_t size() const { return block_.size; }
  tn_buffer_info info() const;

  // Whether [offset, offset + size) lies within the buffer.
  bool contains(uint64_t offset, uint64_t size) const {
    return offset <= block_.size && size <= block_.size - offset;
  }

  // Throw plugin::Failure.
  void* map(uint64_t offset, uint64_t size, tn_access access);
  void unmap(void* pointer);

  bool read_only() const { return block_.read_only; }

  // False when every use of every byte is fine: none is mapped, and all may be written.
  bool needs_a_look() const { return mapping_count_.load(std::memory_order_acquire) != 0; }
  // Whether the host has any byte of the range mapped.
  bool is_mapped(uint64_t offset, uint64_t size) const {
    return needs_a_look() && find_mapped(offset, size);
  }

 private:
  struct Mapping {
    std::byte* pointer;
    uint64_t offset;
    uint64_t size;
    tn_access access;
    std::optional<Staging> staging;  // None for coherent memory.
  };

  bool find_mapped(uint64_t offset, uint64_t size) const;
  bool overlaps_mapping(uint64_t offset, uint64_t size) const;  // Locked.
  void count_mappings();                                        // Locked.

  // First, in a cache line with what launches look at. One more for memory that may only be read.
  std::atomic<size_t> mapping_count_;
  const Block block_;
  const tn_buffer_kind kind_;
  mutable std::mutex mutex_;
  std::vector<Mapping> mappings_;
};

}  // namespace tenon::device
