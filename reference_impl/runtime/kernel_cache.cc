// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel_cache.h"

#include <algorithm>
#include <bit>

namespace tenon::runtime {

KernelCache::KernelCache(size_t capacity)
    : capacity_(std::max<size_t>(1, capacity)),
      bucket_mask_(std::bit_ceil(2 * capacity_) - 1),
      buckets_(new std::atomic<Entry*>[bucket_mask_ + 1]()) {}

KernelCache::~KernelCache() {
  for (Entry& entry : entries_) tn_kernel_destroy(entry.outcome.kernel);
  for (tn_kernel* kernel : evicted_) tn_kernel_destroy(kernel);
}

bool KernelCache::same_words(const std::vector<uint64_t>& words, const KernelKey& key) {
  return std::equal(words.begin(), words.end(), key.words().begin(), key.words().end());
}

bool KernelCache::same_key(const Entry& entry, const KernelKey& key) {
  return same_words(entry.words, key) && entry.operation == key.operation();
}

KernelCache::Pin KernelCache::find_or_create(const KernelKey& key,
                                             const std::function<KernelOutcome()>& make) {
  if (Pin found = find(key)) return found;
  std::unique_lock lock(mutex_);
  ++misses_;
  const auto same_creation = [&](const Creation& creation) {
    return creation.hash == key.hash() && same_words(creation.words, key) &&
           creation.operation == key.operation();
  };
  for (;;) {
    if (Pin found = find(key)) {  // Made since we looked.
      ++slow_;
      return found;
    }
    if (std::none_of(creations_.begin(), creations_.end(), same_creation)) break;
    created_.wait(lock);
  }
  const auto mine = creations_.insert(
      creations_.end(),
      Creation{key.hash(), key.operation(), {key.words().begin(), key.words().end()}});
  lock.unlock();
  KernelOutcome outcome;
  try {
    outcome = make();
  } catch (...) {
    lock.lock();
    creations_.erase(mine);
    created_.notify_all();
    throw;
  }
  lock.lock();
  creations_.erase(mine);
  if (outcome.kernel != nullptr) ++creates_;
  Entry* entry = insert(key, std::move(outcome));
  ++slow_;
  created_.notify_all();
  Pin pin(entry);
  const std::vector<tn_kernel*> evicted = take_evicted();
  lock.unlock();
  for (tn_kernel* kernel : evicted) tn_kernel_destroy(kernel);
  return pin;
}

// The caller of the result has it pinned.
KernelCache::Entry* KernelCache::insert(const KernelKey& key, KernelOutcome outcome) {
  sweep_limbo();
  while (live_.size() >= capacity_) evict_one();
  Entry* entry;
  if (spare_.empty()) {
    entry = &entries_.emplace_back();
  } else {
    entry = spare_.back();
    spare_.pop_back();
  }
  entry->operation.emplace(key.operation());
  entry->words.assign(key.words().begin(), key.words().end());
  entry->outcome = std::move(outcome);
  entry->hash.store(key.hash(), std::memory_order_relaxed);
  // Not recent: what has been used again outlives a flood of kernels used once.
  entry->recent.store(false, std::memory_order_relaxed);
  entry->acquired.fetch_add(1, std::memory_order_seq_cst);
  entry->alive.store(true, std::memory_order_seq_cst);
  std::atomic<Entry*>& head = bucket(key.hash());
  entry->next.store(head.load(std::memory_order_relaxed), std::memory_order_release);
  head.store(entry, std::memory_order_release);
  live_.push_back(entry);
  return entry;
}

// Second chance: the hand passes over what was used since it came by.
void KernelCache::evict_one() {
  for (;;) {
    hand_ %= live_.size();
    Entry* entry = live_[hand_];
    if (entry->recent.exchange(false, std::memory_order_relaxed)) {
      ++hand_;
      continue;
    }
    live_[hand_] = live_.back();
    live_.pop_back();
    unlink(entry);
    ++evictions_;
    entry->alive.store(false, std::memory_order_seq_cst);
    limbo_.push_back(entry);
    sweep_limbo();
    return;
  }
}

// Readers that stand on the entry walk on through its `next`, at worst into another bucket once the
// entry is used again: they then miss, and look again under the lock.
void KernelCache::unlink(Entry* entry) {
  std::atomic<Entry*>* link = &bucket(entry->hash.load(std::memory_order_relaxed));
  while (link->load(std::memory_order_relaxed) != entry) {
    link = &link->load(std::memory_order_relaxed)->next;
  }
  link->store(entry->next.load(std::memory_order_relaxed), std::memory_order_release);
}

void KernelCache::sweep_limbo() {
  std::erase_if(limbo_, [&](Entry* entry) {
    const uint64_t released = entry->released.load(std::memory_order_seq_cst);
    if (entry->acquired.load(std::memory_order_seq_cst) != released) return false;
    reclaim(entry);
    return true;
  });
}

void KernelCache::reclaim(Entry* entry) {
  if (entry->outcome.kernel != nullptr) evicted_.push_back(entry->outcome.kernel);
  entry->outcome = {};
  spare_.push_back(entry);
}

KernelCacheStatistics KernelCache::statistics() const {
  std::lock_guard lock(mutex_);
  KernelCacheStatistics result{};
  for (const Entry& entry : entries_) result.hits += entry.acquired.load(std::memory_order_relaxed);
  result.hits -= std::min(result.hits, slow_);
  result.misses = misses_;
  result.creates = creates_;
  result.evictions = evictions_;
  result.size = live_.size();
  result.capacity = capacity_;
  return result;
}

}  // namespace tenon::runtime
