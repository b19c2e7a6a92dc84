// SPDX-License-Identifier: Apache-2.0
//
// Pinned host memory: blocks of the current device's runtime that wait, when freed, for the copies
// that still use them.
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <ATen/core/CachingHostAllocator.h>

#include "allocator.h"
#include "devices.h"
#include "errors.h"

namespace tenon::pytorch {
namespace {

struct Block {
  c10::DeviceIndex device;
  size_t bytes;
  std::vector<std::unique_ptr<runtime::Event>> uses;
  bool freed = false;
};

class PinnedMemory {
 public:
  void* allocate(size_t bytes) {
    reclaim();
    const auto index = current_device();
    void* pointer = translated([&] { return device(index).allocate_pinned(bytes); });
    std::lock_guard lock(mutex_);
    blocks_[pointer] = Block{index, bytes, {}, false};
    return pointer;
  }

  void release(void* pointer) {
    {
      std::lock_guard lock(mutex_);
      auto found = blocks_.find(pointer);
      if (found != blocks_.end()) {
        found->second.freed = true;
        ++freed_;
      }
    }
    reclaim();
  }

  bool contains(const void* pointer) {
    std::lock_guard lock(mutex_);
    return find(pointer) != blocks_.end();
  }

  bool record(const void* pointer, c10::Stream stream) {
    runtime::Stream& target = stream_of(stream);
    auto event = translated([&] {
      auto made = target.device().create_event();
      made->record(target);
      return made;
    });
    std::lock_guard lock(mutex_);
    auto found = find(pointer);
    if (found == blocks_.end()) return false;
    found->second.uses.push_back(std::move(event));
    return true;
  }

  // Frees the blocks whose copies have finished; without the lock, as the device may wait.
  void reclaim() {
    Blocks done;
    {
      std::lock_guard lock(mutex_);
      if (freed_ == 0) return;
      for (auto it = blocks_.begin(); it != blocks_.end();) {
        const auto next = std::next(it);
        if (it->second.freed && finished(it->second)) {
          done.insert(blocks_.extract(it));
          --freed_;
        }
        it = next;
      }
    }
    for (const auto& [pointer, block] : done) device(block.device).deallocate_pinned(pointer);
  }

  int64_t bytes() {
    std::lock_guard lock(mutex_);
    int64_t sum = 0;
    for (const auto& [pointer, block] : blocks_) sum += static_cast<int64_t>(block.bytes);
    return sum;
  }

 private:
  using Blocks = std::map<void*, Block>;

  Blocks::iterator find(const void* pointer) {
    auto after = blocks_.upper_bound(const_cast<void*>(pointer));
    if (after == blocks_.begin()) return blocks_.end();
    auto found = std::prev(after);
    const auto offset = static_cast<size_t>(static_cast<const char*>(pointer) -
                                            static_cast<const char*>(found->first));
    return offset < found->second.bytes ? found : blocks_.end();
  }

  // A failed stream no longer uses the memory either; its error belongs to the next synchronize.
  static bool finished(const Block& block) {
    for (const auto& event : block.uses) {
      try {
        if (!event->query()) return false;
      } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
      }
    }
    return true;
  }

  std::mutex mutex_;
  Blocks blocks_;
  size_t freed_ = 0;
};

PinnedMemory& memory() {
  static auto* pinned = new PinnedMemory;
  return *pinned;
}

void release_pinned(void* pointer) { memory().release(pointer); }

struct PinnedAllocator final : at::HostAllocator {
  c10::DataPtr allocate(size_t bytes) override {
    void* pointer = bytes == 0 ? nullptr : memory().allocate(bytes);
    return {pointer, pointer, &release_pinned, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release_pinned; }
  void copy_data(void* dst, const void* src, size_t bytes) const override {
    default_copy_data(dst, src, bytes);
  }
  bool record_event(void* pointer, void*, c10::Stream stream) override {
    return memory().record(pointer, stream);
  }
  void empty_cache() override { memory().reclaim(); }
  at::HostStats get_stats() override {
    at::HostStats stats;
    stats.allocated_bytes.current = memory().bytes();
    return stats;
  }
  void reset_accumulated_stats() override {}
  void reset_peak_stats() override {}
};

PinnedAllocator* instance() {
  static auto* allocator = new PinnedAllocator;
  return allocator;
}

REGISTER_HOST_ALLOCATOR(at::kPrivateUse1, instance())

}  // namespace

c10::Allocator* pinned_allocator() { return instance(); }
bool is_pinned(const void* pointer) { return memory().contains(pointer); }
void record_pinned_use(const void* pointer, c10::Stream stream) {
  memory().record(pointer, stream);
}

}  // namespace tenon::pytorch
