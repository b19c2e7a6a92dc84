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
// those beyond 10 MiB have segments of their own.
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

// What is free for one stream.
struct Arena {
  explicit Arena(uint64_t unit) : small(unit), large(unit) {}
  FreeLists& lists(bool is_small) { return is_small ? small : large; }
  FreeLists small;
  FreeLists large;
  bool orphan = false;  // Its stream is gone: nothing will be allocated here again.
};

class Pool {
 public:
  Pool(tn_device* device, const tn_device_info& info, AddressMap& map);
  ~Pool();

  void* allocate(size_t bytes, StreamImpl& stream);
  void deallocate(void* address);
  void record_use(void* address, StreamImpl& stream);
  void empty_cache();
  // The stream is about to be destroyed: its free memory goes back to the device.
  void forget_stream(StreamImpl& stream);
  PoolStatistics statistics() const;
  void reset_peaks();

 private:
  // A freed block that other streams may still be using.
  struct Pending {
    Block* block;
    std::vector<tn_event*> events;
  };

  Arena& arena_of(StreamImpl& stream);
  Block* take(Arena& arena, bool small, uint64_t size);
  void add_segment(Arena& arena, bool small, uint64_t size, StreamImpl& stream);
  void split(Block* block, uint64_t size);
  void give_back(Block* block);
  Block* merge(Block* block, Block* neighbour);
  void release_free_segments(Arena& arena);
  void release_all_free_segments();
  // Frees pending blocks whose events are complete; stops at the first that is not, or tries all.
  void poll_pending(bool all);
  Pending record_events(Block* block, const std::vector<StreamImpl*>& streams);
  Block* new_block();
  void count_allocated(uint64_t bytes);
  void count_reserved(uint64_t bytes);

  tn_device* const device_;
  AddressMap& map_;
  const uint64_t unit_;
  const uint64_t max_allocation_;

  mutable std::mutex mutex_;
  std::unordered_map<StreamImpl*, std::unique_ptr<Arena>> arenas_;
  std::vector<std::unique_ptr<Arena>> orphans_;
  StreamImpl* last_stream_ = nullptr;  // Most calls are for the same stream as the one before.
  Arena* last_arena_ = nullptr;
  BlockTable live_;
  std::unordered_map<Segment*, std::unique_ptr<Segment>> segments_;
  std::deque<Pending> pending_;
  std::vector<tn_event*> spare_events_;
  std::deque<Block> blocks_;
  std::vector<Block*> spare_blocks_;
  PoolStatistics statistics_{};
};

}  // namespace tenon::runtime
