// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdlib>
#include <cstring>

#include "tenon/tenon_plugin.hpp"

namespace tenon::cpu {
namespace {

uint64_t machine_memory() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Reserves addresses that nobody can touch: at least one page, a guard page behind it, and room to
// align.
void reserve(Block& block, uint64_t alignment) {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t slack = alignment > page ? alignment : 0;
  const uint64_t bytes = (block.size / page + 2) * page + slack;
  void* range = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) throw std::bad_alloc();
  block.reservation = range;
  block.reservation_size = bytes;
  const auto start = reinterpret_cast<uint64_t>(range);
  block.address = (start + alignment - 1) & ~(alignment - 1);
}

}  // namespace

Memory::Memory(const Options& options)
    : mode_(options.memory),
      limit_(options.memory_limit != 0 ? options.memory_limit : machine_memory()) {}

Block Memory::allocate(uint64_t size, uint32_t alignment, bool coherent, bool constant) {
  if (size > limit_) {
    plugin::fail(TN_OUT_OF_RANGE, nullptr,
                 "%" PRIu64 " bytes are more than the largest allocation of %" PRIu64, size,
                 limit_);
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
  const uint64_t align = std::max<uint64_t>(alignment, kAlignment);
  const uint64_t bytes = (std::max<uint64_t>(size, 1) + align - 1) / align * align;
  block.data = static_cast<std::byte*>(std::aligned_alloc(align, bytes));
  try {
    if (block.data == nullptr) {
      plugin::fail(TN_OUT_OF_DEVICE_MEMORY, nullptr, "the host has no %" PRIu64 " bytes left",
                   size);
    }
    if (block.coherent) {
      block.address = reinterpret_cast<uint64_t>(block.data);
    } else if (mode_ == MemoryMode::kDiscrete) {
      reserve(block, align);
    }
  } catch (...) {
    free(block, false);
    throw;
  }
  if (mode_ == MemoryMode::kMapped) std::memset(block.data, kPoisonNew, size);
  return block;
}

Block Memory::import(const tn_import_desc& desc) {
  Block block;
  block.data = static_cast<std::byte*>(desc.pointer);
  block.size = desc.size;
  block.address = reinterpret_cast<uint64_t>(desc.pointer);
  block.coherent = true;
  block.imported = true;
  block.release = desc.release;
  block.user = desc.user;
  const std::lock_guard lock(mutex_);
  ++live_buffers_;
  return block;
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
  if (block.imported) {
    if (block.release != nullptr) block.release(block.user);
    return;
  }
  if (mode_ == MemoryMode::kMapped && block.data != nullptr) {
    std::memset(block.data, kPoisonFreed, block.size);
  }
  std::free(block.data);
  if (block.reservation != nullptr) munmap(block.reservation, block.reservation_size);
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

}  // namespace tenon::cpu
