// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/memory.h"

#include <algorithm>
#include <cinttypes>
#include <cstdlib>
#include <cstring>

#include "reference_impl/platform/platform.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::device {
namespace {

// Reserves addresses that fault when touched: at least one page, a guard page behind it, and room
// to align.
void reserve(Block& block, uint64_t alignment) {
  const uint64_t page = platform::page_size();
  const uint64_t slack = alignment > page ? alignment : 0;
  const uint64_t bytes = (block.size / page + 2) * page + slack;
  void* range = platform::reserve_addresses(bytes);
  if (range == nullptr) {
    plugin::fail(TN_OUT_OF_DEVICE_MEMORY, nullptr, "the host has no %" PRIu64 " addresses left",
                 bytes);
  }
  block.reservation = range;
  block.reservation_size = bytes;
  const auto start = reinterpret_cast<uint64_t>(range);
  block.address = (start + alignment - 1) & ~(alignment - 1);
}

}  // namespace

Memory::Memory(const Options& options, Backend* backend)
    : mode_(options.memory),
      limit_(options.memory_limit != 0 ? options.memory_limit : platform::machine_memory()),
      max_allocation_(options.max_allocation != 0 ? std::min(limit_, options.max_allocation)
                                                  : limit_),
      backend_(backend) {}

Block Memory::allocate(uint64_t size, uint32_t alignment, bool coherent, bool constant) {
  if (size > max_allocation_) {
    plugin::fail_at("desc->size", TN_OUT_OF_RANGE, nullptr,
                    "%" PRIu64 " bytes are more than the largest allocation of %" PRIu64, size,
                    max_allocation_);
  }
  {
    const std::lock_guard lock(mutex_);
    const uint64_t used = live_bytes_ + deferred_bytes_;
    if (size > limit_ - std::min(limit_, used)) {
      plugin::fail(TN_OUT_OF_DEVICE_MEMORY, nullptr,
                   "%" PRIu64 " bytes do not fit: %" PRIu64 " of %" PRIu64 " are in use", size,
                   used, limit_);
    }
    live_bytes_ += size;
    live_buffers_ += constant ? 0 : 1;
    peak_bytes_ = std::max(peak_bytes_, live_bytes_ + deferred_bytes_);
  }
  Block block;
  block.size = size;
  block.constant = constant;
  block.coherent = coherent || mode_ == MemoryMode::kUnified;
  block.backed = backend_ != nullptr && (constant || !block.coherent);
  if (block.backed) block.coherent = false;
  try {
    obtain(block, std::max<uint64_t>(alignment, kAlignment));
  } catch (...) {
    if (block.backed) block.data = nullptr;
    free(block, false);
    throw;
  }
  if (poisons()) std::memset(block.data, kPoisonNew, size);
  return block;
}

void Memory::obtain(Block& block, uint64_t alignment) {
  if (block.backed) {
    block.data = backend_->allocate(block.size, alignment);
    block.address = reinterpret_cast<uint64_t>(block.data);
    return;
  }
  // Pages of their own: drivers pin whole ones, and each once.
  if (backend_ != nullptr) {
    alignment = std::max(alignment, platform::page_size());
  }
  const uint64_t bytes =
      (std::max<uint64_t>(block.size, 1) + alignment - 1) / alignment * alignment;
  block.data = static_cast<std::byte*>(platform::allocate_aligned(alignment, bytes));
  if (block.data == nullptr) {
    plugin::fail(TN_OUT_OF_DEVICE_MEMORY, nullptr, "the host has no %" PRIu64 " bytes left",
                 block.size);
  }
  if (backend_ != nullptr) {
    backend_->import(block.data, block.size);
    block.shown = true;
  }
  if (block.coherent) {
    block.address = reinterpret_cast<uint64_t>(block.data);
  } else if (mode_ == MemoryMode::kDiscrete) {
    reserve(block, alignment);
  }
}

Block Memory::import(const tn_import_desc& desc) {
  Block block;
  block.data = static_cast<std::byte*>(desc.pointer);
  block.size = desc.size;
  block.address = reinterpret_cast<uint64_t>(desc.pointer);
  block.coherent = true;
  block.imported = true;
  block.read_only = (desc.flags & TN_IMPORT_READ_ONLY) != 0;
  block.release = desc.release;
  block.user = desc.user;
  if (backend_ != nullptr) {
    backend_->import(block.data, block.size);
    block.shown = true;
  }
  const std::lock_guard lock(mutex_);
  ++live_buffers_;
  return block;
}

void Memory::read(void* to, const std::byte* from, uint64_t size) {
  if (size == 0) return;
  backend_ != nullptr ? backend_->read(to, from, size)
                      : static_cast<void>(std::memcpy(to, from, size));
}

void Memory::write(std::byte* to, const void* from, uint64_t size) {
  if (size == 0) return;
  backend_ != nullptr ? backend_->write(to, from, size)
                      : static_cast<void>(std::memcpy(to, from, size));
}

void Memory::defer(const Block& block) {
  const std::lock_guard lock(mutex_);
  live_buffers_ -= block.constant ? 0 : 1;
  if (block.imported) return;  // Not the device's memory.
  live_bytes_ -= block.size;
  deferred_bytes_ += block.size;
}

void Memory::free(const Block& block, bool deferred) noexcept {
  give_back(block);
  const std::lock_guard lock(mutex_);
  if (!deferred && !block.constant) --live_buffers_;
  if (!block.imported) (deferred ? deferred_bytes_ : live_bytes_) -= block.size;
}

void Memory::give_back(const Block& block) noexcept {
  if (block.shown || (block.backed && block.data != nullptr)) backend_->free(block.data);
  if (block.backed) return;
  if (block.imported) {
    if (block.release != nullptr) block.release(block.user);
    return;
  }
  if (poisons() && block.data != nullptr) {
    std::memset(block.data, kPoisonFreed, block.size);
  }
  platform::free_aligned(block.data);
  if (block.reservation != nullptr)
    platform::release_addresses(block.reservation, block.reservation_size);
}

void Memory::write_info(tn_memory_info* info) const {
  const std::lock_guard lock(mutex_);
  info->live_bytes = live_bytes_;
  info->live_buffers = live_buffers_;
  info->deferred_bytes = deferred_bytes_;
  info->peak_bytes = peak_bytes_;
}

bool Memory::has_deferred() const {
  const std::lock_guard lock(mutex_);
  return deferred_bytes_ != 0;
}

}  // namespace tenon::device
