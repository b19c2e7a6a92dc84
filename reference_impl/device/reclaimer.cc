// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/reclaimer.h"

#include <algorithm>

#include "reference_impl/device/stream_core.h"

namespace tenon::device {

void Reclaimer::free_behind(const Block& block,
                            const std::vector<std::shared_ptr<StreamCore>>& streams) {
  Entry entry{block, {}};
  for (const auto& stream : streams) {
    if (!stream->drained()) entry.tickets.push_back({stream, stream->queued()});
  }
  if (entry.tickets.empty()) {
    memory_.free(block, false);
    return;
  }
  memory_.defer(block);
  {
    const std::lock_guard lock(mutex_);
    entries_.push_back(std::move(entry));
    waiting_.fetch_add(1);
  }
  // The work may have finished before the entry was there to be seen.
  collect();
}

void Reclaimer::collect() {
  if (waiting_.load() == 0) return;
  // Freed under the lock, so that a thread that waits for memory and collects in vain finds it
  // free. Release callbacks run here as well: they may not call back.
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) {
    const bool finished = std::all_of(
        entry.tickets.begin(), entry.tickets.end(),
        [](const Ticket& ticket) { return ticket.stream->finished() >= ticket.sequence; });
    if (finished) {
      memory_.free(entry.block, true);
      waiting_.fetch_sub(1);
    }
    return finished;
  });
}

}  // namespace tenon::device
