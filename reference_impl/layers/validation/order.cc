// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/order.h"

#include <algorithm>

namespace tenon::layers::validation {

size_t Order::add_stream() {
  for (size_t& retired : retired_) {
    const size_t stream = retired;
    if (!finished({stream, streams_[stream][stream]})) continue;
    retired = retired_.back();
    retired_.pop_back();
    // It goes on counting, so that what is known of earlier work stays true.
    const uint64_t number = streams_[stream][stream];
    streams_[stream].assign(stream + 1, 0);
    streams_[stream][stream] = number;
    return stream;
  }
  const size_t stream = streams_.size();
  // Number 0 stands for nothing queued.
  streams_.emplace_back(stream + 1, 0);
  return stream;
}

Point Order::queue(size_t stream) { return {stream, ++streams_[stream][stream]}; }

void Order::finish_all() {
  for (const Clock& position : streams_) finish(position);
}

void Order::merge(Clock& into, const Clock& from) {
  if (into.size() < from.size()) into.resize(from.size(), 0);
  for (size_t i = 0; i < from.size(); ++i) into[i] = std::max(into[i], from[i]);
}

}  // namespace tenon::layers::validation
