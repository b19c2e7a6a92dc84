// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/buffer.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace tenon::device {

tn_buffer_info Buffer::info() const {
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  info.size = block_.size;
  info.kind = kind_;
  if (block_.coherent) info.flags |= TN_BUFFER_COHERENT;
  if (block_.imported) info.flags |= TN_BUFFER_IMPORTED;
  if (block_.read_only) info.flags |= TN_BUFFER_READ_ONLY;
  info.host_pointer = block_.coherent ? block_.data : nullptr;
  info.address = block_.address;
  return info;
}

bool Buffer::overlaps_mapping(uint64_t offset, uint64_t size) const {
  return std::any_of(mappings_.begin(), mappings_.end(), [&](const Mapping& mapping) {
    return size != 0 && mapping.size != 0 && offset < mapping.offset + mapping.size &&
           mapping.offset < offset + size;
  });
}

bool Buffer::find_mapped(uint64_t offset, uint64_t size) const {
  const std::lock_guard lock(mutex_);
  return overlaps_mapping(offset, size);
}

void Buffer::count_mappings() {
  mapping_count_.store(mappings_.size() + (read_only() ? 1 : 0), std::memory_order_release);
}

void* Buffer::map(uint64_t offset, uint64_t size, tn_access access) {
  constexpr tn_access kAll = TN_ACCESS_READ | TN_ACCESS_WRITE | TN_ACCESS_DISCARD;
  if ((access & ~kAll) != 0) {
    plugin::fail_at("access", TN_UNSUPPORTED, nullptr, "access 0x%x has the unknown bits 0x%x",
                    access, access & ~kAll);
  }
  const bool discards = (access & TN_ACCESS_DISCARD) != 0;
  if ((access & (TN_ACCESS_READ | TN_ACCESS_WRITE)) == 0 ||
      (discards && access != (TN_ACCESS_WRITE | TN_ACCESS_DISCARD))) {
    plugin::fail_at("access", TN_INVALID_ARGUMENT, nullptr,
                    "access 0x%x: give READ, WRITE or both; DISCARD goes with WRITE alone", access);
  }
  if ((access & TN_ACCESS_WRITE) != 0 && read_only()) {
    plugin::fail_at("access", TN_INVALID_ARGUMENT, nullptr, "the buffer's memory may only be read");
  }
  if (size == 0) {
    plugin::fail_at("size", TN_INVALID_ARGUMENT, nullptr, "size is 0: map at least one byte");
  }
  if (!contains(offset, size)) {
    plugin::fail_at(offset > block_.size ? "offset" : "size", TN_OUT_OF_RANGE, nullptr,
                    "%" PRIu64 " bytes at %" PRIu64 " reach beyond the buffer's %" PRIu64, size,
                    offset, block_.size);
  }
  const std::lock_guard lock(mutex_);
  if (overlaps_mapping(offset, size)) {
    plugin::fail_at("offset", TN_INVALID_STATE, nullptr,
                    "part of the %" PRIu64 " bytes at %" PRIu64 " is mapped already", size, offset);
  }
  mappings_.reserve(mappings_.size() + 1);
  Mapping mapping{block_.data + offset, offset, size, access, {}};
  const bool discard = (access & TN_ACCESS_DISCARD) != 0;
  if (!block_.coherent) {
    mapping.staging.emplace(size);
    mapping.pointer = mapping.staging->data();
    if (!discard) device->memory().read(mapping.pointer, block_.data + offset, size);
  }
  if (discard && device->memory().poisons()) {
    std::memset(mapping.pointer, kPoisonDiscard, size);
  }
  std::byte* const pointer = mapping.pointer;
  mappings_.push_back(std::move(mapping));
  count_mappings();
  return pointer;
}

void Buffer::unmap(void* pointer) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(mappings_.begin(), mappings_.end(), [&](const Mapping& mapping) {
    return mapping.pointer == pointer;
  });
  if (found == mappings_.end()) {
    plugin::fail_at("pointer", TN_INVALID_ARGUMENT, nullptr,
                    "no mapping of this buffer starts at %p", pointer);
  }
  if (found->staging && (found->access & TN_ACCESS_WRITE) != 0) {
    device->memory().write(block_.data + found->offset, found->pointer, found->size);
  }
  std::iter_swap(found, std::prev(mappings_.end()));
  mappings_.pop_back();
  count_mappings();
}

}  // namespace tenon::device
