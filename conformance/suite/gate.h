// SPDX-License-Identifier: Apache-2.0
//
// Streams that are busy for as long as a test likes. Work that is merely slow may be done before
// the test gets to look, on a fast device or a busy machine; then a device that is wrong passes.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "tenon/tenon.hpp"

namespace tenon::conformance {

// An event of the host that streams wait for. It opens by itself after a while, since calls may
// wait for work that is queued. Where the device has no such events, nothing is held.
class Gate {
 public:
  Gate(const Device& device, std::chrono::milliseconds limit);
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // What is queued on the stream from here on is not begun before it opens.
  void hold(const Stream& stream) const;
  // Once it returns, nothing is held any more.
  void open();
  // Whether something was held until this call, for sure.
  bool is_closed() const { return event_ && !opened_; }

 private:
  Event event_{nullptr};
  std::atomic<bool> opened_{false};
  std::jthread opener_;
};

}  // namespace tenon::conformance
