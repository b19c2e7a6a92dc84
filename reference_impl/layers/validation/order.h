// SPDX-License-Identifier: Apache-2.0
//
// What is known about the order of queued work. Each stream numbers its work; a clock says for each
// stream up to which number work has been waited for. Not synchronised: the layer's mutex guards
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tenon::layers::validation {

// A piece of work, or a place between two.
struct Point {
  size_t stream;
  uint64_t number;
};

// For each stream the number of the last piece of work that comes before. Shorter ones mean zeros.
using Clock = std::vector<uint64_t>;

class Order {
 public:
  // A new stream; its name here.
  size_t add_stream();
  // The stream was destroyed. Its name is given to another one once its work has finished.
  void retire(size_t stream) { retired_.push_back(stream); }

  // Work is queued; its point.
  Point queue(size_t stream);
  // What comes before work that is queued on the stream from now on.
  const Clock& position(size_t stream) const { return streams_[stream]; }
  // Work queued on the stream from now on comes behind all of `clock`.
  void wait(size_t stream, const Clock& clock) { merge(streams_[stream], clock); }

  // The host knows that this work has finished.
  void finish(const Clock& clock) { merge(finished_, clock); }
  void finish_stream(size_t stream) { finish(streams_[stream]); }
  void finish_all();

  bool finished(const Point& work) const { return work.number == 0 || reaches(finished_, work); }
  // Whether work queued on `stream` from now on runs behind `work`.
  bool ordered(const Point& work, size_t stream) const {
    return finished(work) || reaches(streams_[stream], work);
  }

 private:
  static bool reaches(const Clock& clock, const Point& work) {
    return work.stream < clock.size() && clock[work.stream] >= work.number;
  }
  static void merge(Clock& into, const Clock& from);

  std::vector<Clock> streams_;
  Clock finished_;
  std::vector<size_t> retired_;
};

}  // namespace tenon::layers::validation
