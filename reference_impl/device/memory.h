// SPDX-License-Identifier: Apache-2.0
//
// Device memory in the three modes, and how much of it is in use.
//
//   unified   Plain host memory. `address` and the host pointer are what the device uses.
//   discrete  The device's threads use memory that the host never learns of; `address` is a
//   reserved
//             range of the same size that faults when touched: a host that does dies at once.
//   mapped    As discrete, but there is no address at all, and what was never written reads as
//             poison: new memory, freed memory, ranges mapped with TN_ACCESS_DISCARD.
//
// In the latter two, map() hands out staging copies (staging.h).
//
// With a backend, memory that is not coherent is the backend's; its mode is mapped, but without
// poison.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "reference_impl/device/options.h"
#include "tenon/device/backend.h"
#include "tenon/tenon.h"

namespace tenon::device {

inline constexpr uint32_t kAlignment = 64;  // Of every allocation, at least.

inline constexpr int kPoisonNew = 0xCB;      // mapped: memory that was never written.
inline constexpr int kPoisonDiscard = 0xCD;  // mapped: a range mapped with TN_ACCESS_DISCARD.
inline constexpr int kPoisonFreed = 0xDD;    // mapped: memory given back.

// One allocation, or one piece of imported host memory.
struct Block {
  std::byte* data = nullptr;  // For the device's threads, or an address of the backend.
  uint64_t size = 0;          // Bytes asked for.
  uint64_t address = 0;       // See tn_buffer_info.
  bool coherent = false;      // The host may touch `data`.
  bool imported = false;
  bool read_only = false;
  bool backed = false;              // The backend's memory.
  bool shown = false;               // Host memory that the backend has imported.
  bool constant = false;            // Counts bytes, but is no buffer.
  tn_release_fn release = nullptr;  // Of imported memory.
  void* user = nullptr;
  void* reservation = nullptr;  // discrete: the inaccessible range that holds `address`.
  size_t reservation_size = 0;
};

// Allocates and counts. Safe to call from any thread.
class Memory {
 public:
  // `backend` may be null; outlives this.
  explicit Memory(const Options& options, Backend* backend = nullptr);

  MemoryMode mode() const { return mode_; }
  // Whether what was never written reads as poison.
  bool poisons() const { return mode_ == MemoryMode::kMapped && backend_ == nullptr; }
  uint64_t limit() const { return limit_; }
  uint64_t max_allocation() const { return max_allocation_; }

  // Throws plugin::Failure: TN_OUT_OF_RANGE, TN_OUT_OF_DEVICE_MEMORY. `alignment` is a power of two
  // or 0. Coherent memory is host memory in every mode.
  Block allocate(uint64_t size, uint32_t alignment, bool coherent) {
    return allocate(size, alignment, coherent, false);
  }
  // For constants: the host never sees it.
  Block allocate_constant(uint64_t size) { return allocate(size, 0, true, true); }

  // A block over host memory that stays its owner's; `release` is called when it is freed.
  Block import(const tn_import_desc& desc);

  // Between the host and a block, at once.
  void read(void* to, const std::byte* from, uint64_t size);
  void write(std::byte* to, const void* from, uint64_t size);

  // The owner has let go of it, but queued work may still use it.
  void defer(const Block& block);

  // Gives it back. `deferred`: after defer().
  void free(const Block& block, bool deferred) noexcept;

  void write_info(tn_memory_info* info) const;
  bool has_deferred() const;

 private:
  Block allocate(uint64_t size, uint32_t alignment, bool coherent, bool constant);
  void obtain(Block& block, uint64_t alignment);
  void give_back(const Block& block) noexcept;

  const MemoryMode mode_;
  const uint64_t limit_;
  const uint64_t max_allocation_;
  Backend* const backend_;

  mutable std::mutex mutex_;
  uint64_t live_bytes_ = 0;
  uint64_t live_buffers_ = 0;
  uint64_t deferred_bytes_ = 0;
  uint64_t peak_bytes_ = 0;
};

}  // namespace tenon::device
