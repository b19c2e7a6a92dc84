// SPDX-License-Identifier: Apache-2.0
//
// The caching pool: memory freed while work is queued is given out again to the same stream, whose
// order makes that safe.
//
//   allocate --> free lists of the stream's arena --> (miss) a new segment of the device
//   deallocate --> back to the arena, merged with free neighbours;
//                  used on other streams too: pending until events recorded there are complete
//
// Small allocations (up to 1 MiB) share segments of 2 MiB, larger ones segments of 20 MiB, and
// those beyond 10 MiB have segments of their own. On devices of little memory all of these are
// smaller, in proportion (PoolSizes).
//
// A part of the memory is a reserve that tensors never get, so that workspaces and temporaries
// still fit when a framework has filled the rest: see Use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "runtime/address_map.h"
#include "runtime/block_table.h"
#include "runtime/device.h"
#include "runtime/free_lists.h"
#include "runtime/segment.h"

namespace tenon::runtime {

class StreamImpl;

// What is free for one stream.
struct Arena {
  explicit Arena(uint64_t unit) : small(unit), large(unit) {}
  FreeLists& lists(bool is_small) { return is_small ? small : large; }
  FreeLists small;
  FreeLists large;
  bool orphan = false;  // Its stream is gone: nothing will be allocated here again.
};

// How the pool cuts up a device of `total_memory` bytes (0: unknown, taken as plenty).
struct PoolSizes {
  explicit PoolSizes(uint64_t total_memory);
  bool bounded() const { return limit < kUnknown - reserve; }
  uint64_t largest_small() const { return small_segment / 2; }
  uint64_t largest_shared() const { return large_segment / 2; }

  static constexpr uint64_t kUnknown = UINT64_MAX;
  uint64_t small_segment;
  uint64_t large_segment;
  uint64_t granule;  // Segments are multiples of it, unless memory is short.
  uint64_t reserve;  // Bytes that only Use::kScratch may take.
  uint64_t limit;    // Bytes that all others may reserve together.
};

// What an allocation is for.
enum class Use : uint8_t {
  kTensor,  // The caller's, for as long as the caller likes.
  kScratch  // The runtime's, until the call that needs it has been queued.
};

class Pool {
 public:
  Pool(tn_device* device, const tn_device_info& info, AddressMap& map);
  ~Pool();

  void* allocate(size_t bytes, StreamImpl& stream, Use use = Use::kTensor);
  void deallocate(void* address);
  void record_use(void* address, StreamImpl& stream);
  void empty_cache();
  // The stream is about to be destroyed: its free memory goes back to the device. Blocks that it
  // has used keep the device's stream until they are freed.
  void forget_stream(StreamImpl& stream);
  PoolStatistics statistics() const;
  void reset_peaks();
  // See ManagedDevice::available_memory.
  uint64_t available() const;

 private:
  // Holds the pool's lock. Segments that came free meanwhile are destroyed once it is released:
  // what may take long on the device is done without the lock, and so is all waiting.
  class Guard {
   public:
    explicit Guard(Pool& pool) : pool_(pool), lock_(pool.mutex_) {}
    ~Guard() {
      if (lock_.owns_lock()) unlock();
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    void unlock();
    void lock() { lock_.lock(); }

   private:
    Pool& pool_;
    std::unique_lock<std::mutex> lock_;
  };

  // A freed block that other streams may still be using.
  struct Pending {
    Block* block;
    std::vector<tn_event*> events;
  };

  Arena& arena_of(StreamImpl& stream);
  Block* take(Arena& arena, bool small, uint64_t size);
  Block* add_segment(Guard& guard, Arena& arena, uint64_t size, StreamImpl& stream, Use use);
  std::unique_ptr<Segment> make_segment(Guard& guard, uint64_t size, StreamImpl& stream, Use use);
  std::unique_ptr<Segment> try_segment(Guard& guard, uint64_t bytes, StreamImpl& stream, Use use);
  [[noreturn]] void refuse(uint64_t size, const Error& why);
  bool is_small(uint64_t size) const { return size <= sizes_.largest_small(); }
  uint64_t segment_size(uint64_t size) const;
  void split(Block* block, uint64_t size);
  void give_back(Block* block);
  Block* merge(Block* block, Block* neighbour);
  void release_segment(Block* block);
  void release_free_segments(Arena& arena);
  void release_all_free_segments();
  // Frees pending blocks whose events are complete; stops at the first that is not, or tries all.
  void poll_pending(bool all);
  Pending record_events(Block* block, const std::vector<std::shared_ptr<DeviceStream>>& streams);
  Block* new_block();
  void count_allocated(uint64_t bytes);
  void count_reserved(uint64_t bytes);

  tn_device* const device_;
  AddressMap& map_;
  const uint64_t unit_;
  const uint64_t max_allocation_;
  const PoolSizes sizes_;

  mutable std::mutex mutex_;
  std::unordered_map<StreamImpl*, std::unique_ptr<Arena>> arenas_;
  std::vector<std::unique_ptr<Arena>> orphans_;
  StreamImpl* last_stream_ = nullptr;  // Most calls are for the same stream as the one before.
  Arena* last_arena_ = nullptr;
  BlockTable live_;
  std::unordered_map<Segment*, std::unique_ptr<Segment>> segments_;
  std::vector<std::unique_ptr<Segment>> freed_segments_;  // To be destroyed without the lock.
  std::deque<Pending> pending_;
  std::vector<tn_event*> spare_events_;
  std::deque<Block> blocks_;
  std::vector<Block*> spare_blocks_;
  PoolStatistics statistics_{};
  uint64_t claimed_bytes_ = 0;  // Asked of the device by threads that await the answer.
};

}  // namespace tenon::runtime
