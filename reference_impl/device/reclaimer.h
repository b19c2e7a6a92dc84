// SPDX-License-Identifier: Apache-2.0
//
// Frees memory behind the queued work that may use it.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "reference_impl/device/memory.h"

namespace tenon::device {

class StreamCore;

class Reclaimer {
 public:
  explicit Reclaimer(Memory& memory) : memory_(memory) {}

  // Frees `block` once the work queued by now on `streams` has finished: at once when there is
  // none.
  void free_behind(const Block& block, const std::vector<std::shared_ptr<StreamCore>>& streams);

  // Frees what has become free. Called by workers after each task, hence cheap when nothing waits.
  void collect();

 private:
  struct Ticket {
    std::shared_ptr<StreamCore> stream;
    uint64_t sequence;
  };
  struct Entry {
    Block block;
    std::vector<Ticket> tickets;
  };

  Memory& memory_;
  std::atomic<size_t> waiting_{0};
  std::mutex mutex_;
  std::list<Entry> entries_;
};

}  // namespace tenon::device
