// SPDX-License-Identifier: Apache-2.0
//
// Waits for a stream when a scope is left, by an exception, too: queued copies borrow host memory
// until they have run, and what the scope holds is gone behind it.
#pragma once

#include <exception>

#include "runtime/device.h"

namespace tenon::runtime {

class SettleOnExit {
 public:
  explicit SettleOnExit(Stream& stream) : stream_(stream) {}
  ~SettleOnExit() {
    try {
      stream_.synchronize();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
      // The exception that left the scope is the one to report; without one no work is left here.
    }
  }
  SettleOnExit(const SettleOnExit&) = delete;
  SettleOnExit& operator=(const SettleOnExit&) = delete;

 private:
  Stream& stream_;
};

}  // namespace tenon::runtime
