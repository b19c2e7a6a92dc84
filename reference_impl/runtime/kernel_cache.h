// SPDX-License-Identifier: Apache-2.0
//
// Kernels by key, bounded. Hits take no lock: an entry is pinned with one atomic addition, and
// entries are never freed while the cache lives, only used again. A reader pins, then checks that
// the entry is still alive; an evictor marks it dead, then checks that it is not pinned. In one
// total order one of the two sees the other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/device.h"
#include "runtime/kernel_key.h"

namespace tenon::runtime {

// What a device answered to a description.
struct KernelOutcome {
  tn_kernel* kernel = nullptr;
  bool needs_workspace = true;  // If not, its size need not be asked for at launch.
  Profile requirements;         // Without a kernel: what to describe differently ...
  std::string reason;           // ... or, when that is nothing, why it is not supported.
};

class KernelCache {
  struct Entry;

 public:
  explicit KernelCache(size_t capacity);
  // No entry may be pinned.
  ~KernelCache();

  // Keeps an outcome alive. Empty when there is none.
  class Pin {
   public:
    Pin() = default;
    explicit Pin(Entry* entry) : entry_(entry) {}
    Pin(Pin&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
    Pin& operator=(Pin&& other) noexcept {
      std::swap(entry_, other.entry_);
      return *this;
    }
    ~Pin() {
      if (entry_ != nullptr) entry_->released.fetch_add(1, std::memory_order_seq_cst);
    }
    explicit operator bool() const { return entry_ != nullptr; }
    const KernelOutcome* operator->() const { return &entry_->outcome; }
    const KernelOutcome& operator*() const { return entry_->outcome; }

   private:
    Entry* entry_ = nullptr;
  };

  Pin find(const KernelKey& key) const {
    for (Entry* entry = bucket(key.hash()).load(std::memory_order_acquire); entry != nullptr;
         entry = entry->next.load(std::memory_order_acquire)) {
      if (entry->hash.load(std::memory_order_relaxed) == key.hash() && pin(*entry, key)) {
        return Pin(entry);
      }
    }
    return {};
  }

  // Calls `make` on a miss; others that miss the same key meanwhile wait for its result. When it
  // throws, nothing is kept and one of them tries for itself.
  Pin find_or_create(const KernelKey& key, const std::function<KernelOutcome()>& make);

  KernelCacheStatistics statistics() const;

 private:
  struct Entry {
    std::atomic<uint64_t> hash{0};
    std::atomic<Entry*> next{nullptr};
    std::atomic<bool> alive{false};
    std::atomic<bool> recent{false};  // Used since the evictor's hand last passed.
    // Their difference is how many have it pinned; `acquired` also counts the hits.
    std::atomic<uint64_t> acquired{0};
    std::atomic<uint64_t> released{0};
    // Written only while dead and not pinned.
    std::optional<Operation> operation;
    std::vector<uint64_t> words;
    KernelOutcome outcome;
  };
  struct Creation {
    uint64_t hash;
    Operation operation;
    std::vector<uint64_t> words;
  };

  std::atomic<Entry*>& bucket(uint64_t hash) const { return buckets_[hash & bucket_mask_]; }

  static bool pin(Entry& entry, const KernelKey& key) {
    entry.acquired.fetch_add(1, std::memory_order_seq_cst);
    if (entry.alive.load(std::memory_order_seq_cst) && same_key(entry, key)) [[likely]] {
      if (!entry.recent.load(std::memory_order_relaxed)) {
        entry.recent.store(true, std::memory_order_relaxed);
      }
      return true;
    }
    entry.acquired.fetch_sub(1, std::memory_order_seq_cst);
    return false;
  }
  static bool same_key(const Entry& entry, const KernelKey& key);
  static bool same_words(const std::vector<uint64_t>& words, const KernelKey& key);

  // What was evicted and is not pinned: to be destroyed without the lock.
  std::vector<tn_kernel*> take_evicted() { return std::exchange(evicted_, {}); }

  // All below with the lock held.
  Entry* insert(const KernelKey& key, KernelOutcome outcome);
  void evict_one();
  void unlink(Entry* entry);
  void reclaim(Entry* entry);
  void sweep_limbo();

  const size_t capacity_;
  const size_t bucket_mask_;
  const std::unique_ptr<std::atomic<Entry*>[]> buckets_;

  mutable std::mutex mutex_;
  std::condition_variable created_;
  std::list<Creation> creations_;
  std::deque<Entry> entries_;
  std::vector<Entry*> live_;  // The evictor's circle.
  std::vector<Entry*> spare_;
  std::vector<Entry*> limbo_;  // Dead, but were pinned.
  std::vector<tn_kernel*> evicted_;
  size_t hand_ = 0;
  uint64_t slow_ = 0;  // Pins that were no hits.
  uint64_t misses_ = 0;
  uint64_t creates_ = 0;
  uint64_t evictions_ = 0;
};

}  // namespace tenon::runtime
