// SPDX-License-Identifier: Apache-2.0
//
// One recording of an event: a mark in a stream. Waits hold the record that was the latest when
// they were queued, so a later one cannot move them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "tenon/tenon.h"

namespace tenon::device {

class StreamCore;

class Record {
 public:
  // A mark behind the first `sequence` tasks of `stream`, not reached yet; without a stream, one
  // that the host completes.
  Record(std::shared_ptr<StreamCore> stream, uint64_t sequence)
      : stream_(std::move(stream)), sequence_(sequence) {}

  // The stream has reached the mark, with this failure or none (code TN_OK). False: it was complete
  // before, and nothing has changed.
  bool complete(const tn_error& failure);

  // Lets the work run that the mark is behind; streams are late by design.
  void kick();

  // TN_NOT_READY, TN_OK or the failure.
  tn_status query(tn_error* error);
  // TN_OK or the failure; TN_NOT_READY after `limit`, if it is not zero.
  tn_status wait(std::chrono::nanoseconds limit, tn_error* error);

  // Of the completion, steady clock.
  int64_t nanoseconds() const;

 private:
  std::shared_ptr<StreamCore> stream() const;  // Null when complete.

  mutable std::mutex mutex_;
  std::condition_variable done_;
  bool complete_ = false;
  tn_error failure_ = TN_ERROR_INIT;
  int64_t nanoseconds_ = 0;
  std::shared_ptr<StreamCore> stream_;  // Until complete.
  const uint64_t sequence_;
};

}  // namespace tenon::device
