// SPDX-License-Identifier: Apache-2.0
#include "runtime/pool.h"

#include <algorithm>
#include <bit>
#include <string>

#include "runtime/stream_impl.h"

namespace tenon::runtime {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;
constexpr uint64_t kUnit = 512;  // Sizes are multiples of it.
constexpr uint64_t kSmallSegment = 2 * kMebibyte;
constexpr uint64_t kLargeSegment = 20 * kMebibyte;
constexpr uint64_t kLeastSegment = uint64_t{64} << 10;
constexpr uint64_t kMostReserve = 256 * kMebibyte;
// Shares of the device's memory, as divisors: 2 MiB from 256 MiB on, 20 MiB from 320 MiB on.
constexpr uint64_t kSmallShare = 128;
constexpr uint64_t kLargeShare = 16;
constexpr uint64_t kReserveShare = 16;

uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

bool out_of_memory(const Error& error) { return error.status_class() == TN_OUT_OF_MEMORY; }

}  // namespace

PoolSizes::PoolSizes(uint64_t total) {
  if (total == 0) total = kUnknown;
  small_segment = std::clamp(std::bit_floor(total / kSmallShare), kLeastSegment, kSmallSegment);
  large_segment = std::min(kLargeSegment, round_up(total / kLargeShare, small_segment));
  granule = std::min(small_segment, AddressMap::kGranule);
  reserve = std::min(kMostReserve, total / kReserveShare);
  limit = total - reserve;
}

void Pool::Guard::unlock() {
  std::vector<std::unique_ptr<Segment>> freed;
  freed.swap(pool_.freed_segments_);
  lock_.unlock();
}

Pool::Pool(tn_device* device, const tn_device_info& info, AddressMap& map)
    : device_(device),
      map_(map),
      unit_(std::max<uint64_t>(kUnit, info.alignment)),
      max_allocation_(info.max_allocation != 0 ? info.max_allocation : UINT64_MAX),
      sizes_(info.total_memory) {}

Pool::~Pool() {
  for (Pending& pending : pending_) {
    for (tn_event* event : pending.events) tn_event_destroy(event);
  }
  for (tn_event* event : spare_events_) tn_event_destroy(event);
}

Arena& Pool::arena_of(StreamImpl& stream) {
  if (last_stream_ == &stream) return *last_arena_;
  std::unique_ptr<Arena>& arena = arenas_[&stream];
  if (arena == nullptr) arena = std::make_unique<Arena>(unit_);
  last_stream_ = &stream;
  last_arena_ = arena.get();
  return *arena;
}

Block* Pool::new_block() {
  if (spare_blocks_.empty()) {
    blocks_.emplace_back();
    spare_blocks_.reserve(blocks_.size());  // So that giving one back never allocates.
    return &blocks_.back();
  }
  Block* block = spare_blocks_.back();
  spare_blocks_.pop_back();
  return block;
}

void Pool::count_allocated(uint64_t bytes) {
  PoolStatistics& now = statistics_;
  now.allocations += 1;
  now.live_allocations += 1;
  now.peak_live_allocations = std::max(now.peak_live_allocations, now.live_allocations);
  now.allocated_bytes += bytes;
  now.peak_allocated_bytes = std::max(now.peak_allocated_bytes, now.allocated_bytes);
  now.total_allocated_bytes += bytes;
}

void Pool::count_reserved(uint64_t bytes) {
  PoolStatistics& now = statistics_;
  now.device_allocations += 1;
  now.buffers += 1;
  now.peak_buffers = std::max(now.peak_buffers, now.buffers);
  now.reserved_bytes += bytes;
  now.peak_reserved_bytes = std::max(now.peak_reserved_bytes, now.reserved_bytes);
  now.total_reserved_bytes += bytes;
}

void* Pool::allocate(size_t bytes, StreamImpl& stream, Use use) {
  if (bytes == 0) return nullptr;
  if (bytes > max_allocation_) {
    std::lock_guard lock(mutex_);
    statistics_.out_of_memory += 1;
    throw Error(TN_OUT_OF_DEVICE_MEMORY, "",
                std::to_string(bytes) + " bytes are more than the device's largest buffer (" +
                    std::to_string(max_allocation_) + ")");
  }
  const uint64_t size = round_up(bytes, unit_);
  const bool small = is_small(size);
  Guard guard(*this);
  if (!pending_.empty()) poll_pending(false);
  Arena& arena = arena_of(stream);
  Block* block = take(arena, small, size);
  if (block == nullptr && !pending_.empty()) {
    poll_pending(true);
    block = take(arena, small, size);
  }
  if (block == nullptr) block = add_segment(guard, arena, size, stream, use);
  split(block, size);
  live_.insert(block);
  count_allocated(block->size);
  return reinterpret_cast<void*>(block->address);
}

Block* Pool::take(Arena& arena, bool small, uint64_t size) {
  FreeLists& lists = arena.lists(small);
  Block* block = lists.find(size);
  if (block == nullptr) return nullptr;
  lists.remove(block);
  block->free = false;
  return block;
}

uint64_t Pool::segment_size(uint64_t size) const {
  if (is_small(size)) return sizes_.small_segment;
  if (size < sizes_.largest_shared()) return sizes_.large_segment;
  return round_up(size, sizes_.granule);
}

// A block of a new segment, not free. The lock is released meanwhile.
Block* Pool::add_segment(Guard& guard, Arena& arena, uint64_t size, StreamImpl& stream, Use use) {
  std::unique_ptr<Segment> segment = make_segment(guard, size, stream, use);
  segment->small = is_small(size);
  segment->arena = &arena;
  Block* block = new_block();
  *block = Block{};
  block->address = segment->address;
  block->size = segment->size;
  block->segment = segment.get();
  Segment* key = segment.get();
  segments_.emplace(key, std::move(segment));
  return block;
}

// In order of cost: ask, give back what is free, wait for what will be free, ask for less, take
// from the reserve.
std::unique_ptr<Segment> Pool::make_segment(Guard& guard, uint64_t size, StreamImpl& stream,
                                            Use use) {
  const uint64_t most = std::max(size, max_allocation_ / sizes_.granule * sizes_.granule);
  uint64_t ask = std::min(segment_size(size), most);
  bool waited = false;
  for (int attempt = 0;; ++attempt) {
    try {
      return try_segment(guard, ask, stream, Use::kTensor);
    } catch (const Error& error) {
      if (!out_of_memory(error)) throw;
      if (waited && ask == size) {
        if (use == Use::kTensor) refuse(size, error);
        break;
      }
    }
    if (attempt == 0) statistics_.retries += 1;
    if (attempt == 1) {
      guard.unlock();
      tn_device_synchronize(device_,
                            nullptr);  // A failure is reported to who waits for its stream.
      guard.lock();
      poll_pending(true);
      waited = true;
    } else if (waited) {
      ask = std::max(size, ask / 2 / unit_ * unit_);
    }
    release_all_free_segments();
  }
  try {
    return try_segment(guard, size, stream, Use::kScratch);
  } catch (const Error& error) {
    if (!out_of_memory(error)) throw;
    refuse(size, error);
  }
}

// The bytes are claimed before the lock is released, so that threads together keep to the limit.
std::unique_ptr<Segment> Pool::try_segment(Guard& guard, uint64_t bytes, StreamImpl& stream,
                                           Use use) {
  const uint64_t taken = statistics_.reserved_bytes + claimed_bytes_;
  if (use == Use::kTensor && (taken > sizes_.limit || bytes > sizes_.limit - taken)) {
    throw Error(TN_OUT_OF_DEVICE_MEMORY, "",
                "of the device's memory, " + std::to_string(sizes_.reserve) +
                    " bytes are kept for workspaces and temporaries, and the rest is in use");
  }
  claimed_bytes_ += bytes;
  guard.unlock();
  std::unique_ptr<Segment> segment;
  try {
    // The address map finds whole granules fastest; a device of little memory has none to waste on
    // aligning them.
    const bool regular = sizes_.granule == AddressMap::kGranule && bytes % sizes_.granule == 0;
    const auto alignment = static_cast<uint32_t>(regular ? sizes_.granule : 0);
    segment = std::make_unique<Segment>(device_, map_, bytes, alignment, stream.handle());
  } catch (...) {
    guard.lock();
    claimed_bytes_ -= bytes;
    throw;
  }
  guard.lock();
  claimed_bytes_ -= bytes;
  count_reserved(bytes);
  segment->reserve = use == Use::kScratch;
  return segment;
}

void Pool::refuse(uint64_t size, const Error& why) {
  statistics_.out_of_memory += 1;
  throw Error(why.status(), why.rule(),
              why.message() + " (asked for " + std::to_string(size) + " bytes; " +
                  std::to_string(statistics_.allocated_bytes) + " are allocated, " +
                  std::to_string(statistics_.reserved_bytes) + " reserved)");
}

void Pool::split(Block* block, uint64_t size) {
  const uint64_t rest = block->size - size;
  // A smaller rest of a large block stays with it.
  if (rest < unit_ || (!block->segment->small && rest <= sizes_.largest_small())) return;
  Block* tail = new_block();
  tail->address = block->address + size;
  tail->size = rest;
  tail->segment = block->segment;
  tail->before = block;
  tail->after = block->after;
  if (tail->after != nullptr) tail->after->before = tail;
  block->after = tail;
  block->size = size;
  tail->free = true;
  tail->segment->arena->lists(tail->segment->small).insert(tail);
}

// `neighbour` is free and right behind `block`.
Block* Pool::merge(Block* block, Block* neighbour) {
  block->size += neighbour->size;
  block->after = neighbour->after;
  if (block->after != nullptr) block->after->before = block;
  spare_blocks_.push_back(neighbour);
  return block;
}

void Pool::give_back(Block* block) {
  Segment* segment = block->segment;
  FreeLists& lists = segment->arena->lists(segment->small);
  if (block->after != nullptr && block->after->free) {
    lists.remove(block->after);
    block = merge(block, block->after);
  }
  if (block->before != nullptr && block->before->free) {
    lists.remove(block->before);
    block = merge(block->before, block);
  }
  block->free = true;
  lists.insert(block);
  if (segment->reserve && block->size == segment->size) {
    lists.remove(block);
    release_segment(block);
  } else if (segment->arena->orphan) {
    release_free_segments(*segment->arena);
  }
}

void Pool::deallocate(void* pointer) {
  if (pointer == nullptr) return;
  const auto address = reinterpret_cast<uint64_t>(pointer);
  std::vector<std::shared_ptr<DeviceStream>> uses;
  Block* block;
  {
    Guard guard(*this);
    block = live_.find(address);
    if (block == nullptr) {
      throw Error(TN_INVALID_ARGUMENT, "", "deallocate: no allocation of this device starts there");
    }
    live_.erase(address);
    statistics_.allocated_bytes -= block->size;
    statistics_.live_allocations -= 1;
    if (block->uses.empty()) {
      give_back(block);
      return;
    }
    uses.swap(block->uses);
  }
  // Streams are locked only while the pool is not: one that is being waited for stops no other
  // thread.
  Pending pending = record_events(block, uses);
  Guard guard(*this);
  pending_.push_back(std::move(pending));
  poll_pending(false);
}

Pool::Pending Pool::record_events(Block* block,
                                  const std::vector<std::shared_ptr<DeviceStream>>& streams) {
  Pending pending{block, {}};
  for (const auto& stream : streams) {
    tn_event* event = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (!spare_events_.empty()) {
        event = spare_events_.back();
        spare_events_.pop_back();
      }
    }
    tn_status status = TN_OK;
    if (event == nullptr) status = tn_event_create(device_, nullptr, &event, nullptr);
    std::lock_guard lock(stream->mutex);
    if (status == TN_OK) status = tn_event_record(event, stream->handle, nullptr, nullptr);
    if (event != nullptr) pending.events.push_back(event);
    // Without an event only waiting is left; of a lost device there is nothing to wait for.
    if (status != TN_OK) tn_stream_synchronize(stream->handle, nullptr);
  }
  return pending;
}

void Pool::poll_pending(bool all) {
  for (size_t i = 0; i < pending_.size();) {
    Pending& pending = pending_[i];
    // A failure is an end as well: nothing uses the memory any more.
    while (!pending.events.empty() &&
           tn_event_query(pending.events.back(), nullptr) != TN_NOT_READY) {
      spare_events_.push_back(pending.events.back());
      pending.events.pop_back();
    }
    if (!pending.events.empty()) {
      if (!all) return;
      ++i;
      continue;
    }
    Block* block = pending.block;
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    give_back(block);
  }
}

void Pool::record_use(void* address, StreamImpl& stream) {
  if (address == nullptr) return;
  std::lock_guard lock(mutex_);
  Block* block = live_.find(reinterpret_cast<uint64_t>(address));
  if (block == nullptr) {
    throw Error(TN_INVALID_ARGUMENT, "", "record_use: no allocation of this device starts there");
  }
  const auto own = arenas_.find(&stream);
  if (own != arenas_.end() && own->second.get() == block->segment->arena) return;
  if (std::find(block->uses.begin(), block->uses.end(), stream.shared()) == block->uses.end()) {
    block->uses.push_back(stream.shared());
  }
}

// Of a block that is all of its segment and in no list.
void Pool::release_segment(Block* block) {
  const auto found = segments_.find(block->segment);
  statistics_.reserved_bytes -= found->second->size;
  statistics_.buffers -= 1;
  freed_segments_.push_back(std::move(found->second));
  segments_.erase(found);
  spare_blocks_.push_back(block);
}

void Pool::release_free_segments(Arena& arena) {
  for (bool small : {false, true}) {
    FreeLists& lists = arena.lists(small);
    lists.for_each([&](Block* block) {
      if (block->before != nullptr || block->after != nullptr) return;
      lists.remove(block);
      release_segment(block);
    });
  }
}

void Pool::release_all_free_segments() {
  for (auto& [stream, arena] : arenas_) release_free_segments(*arena);
  for (auto& arena : orphans_) release_free_segments(*arena);
}

void Pool::empty_cache() {
  Guard guard(*this);
  poll_pending(true);
  release_all_free_segments();
}

void Pool::forget_stream(StreamImpl& stream) {
  Guard guard(*this);
  const auto found = arenas_.find(&stream);
  if (found == arenas_.end()) return;
  release_free_segments(*found->second);
  found->second->orphan = true;
  orphans_.push_back(std::move(found->second));
  arenas_.erase(found);
  last_stream_ = nullptr;
}

PoolStatistics Pool::statistics() const {
  std::lock_guard lock(mutex_);
  return statistics_;
}

uint64_t Pool::available() const {
  if (!sizes_.bounded()) return UINT64_MAX;
  std::lock_guard lock(mutex_);
  return sizes_.limit - std::min(sizes_.limit, statistics_.reserved_bytes + claimed_bytes_);
}

void Pool::reset_peaks() {
  std::lock_guard lock(mutex_);
  statistics_.peak_allocated_bytes = statistics_.allocated_bytes;
  statistics_.peak_live_allocations = statistics_.live_allocations;
  statistics_.peak_reserved_bytes = statistics_.reserved_bytes;
  statistics_.peak_buffers = statistics_.buffers;
}

}  // namespace tenon::runtime
