// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/record.h"

#include <algorithm>

#include "reference_impl/device/stream_core.h"
#include "tenon/device/failure.h"

namespace tenon::device {
namespace {

constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365);

}  // namespace

bool Record::complete(const tn_error& failure) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  std::shared_ptr<StreamCore> stream;  // Dropped after the lock.
  const std::lock_guard lock(mutex_);
  if (complete_) return false;
  complete_ = true;
  failure_ = failure;
  nanoseconds_ = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  stream.swap(stream_);
  done_.notify_all();
  return true;
}

std::shared_ptr<StreamCore> Record::stream() const {
  const std::lock_guard lock(mutex_);
  return stream_;
}

void Record::kick() {
  if (const auto behind = stream()) behind->kick(sequence_);
}

tn_status Record::query(tn_error* error) {
  kick();
  const std::lock_guard lock(mutex_);
  if (!complete_) return TN_NOT_READY;
  return failure_.code == TN_OK ? TN_OK : report(failure_, error);
}

tn_status Record::wait(std::chrono::nanoseconds limit, tn_error* error) {
  const bool limited = limit.count() != 0;
  if (const auto behind = stream()) {
    limited ? behind->kick(sequence_) : behind->wait(sequence_);
  }
  std::unique_lock lock(mutex_);
  const auto complete = [this] { return complete_; };
  if (!limited) {
    done_.wait(lock, complete);
    // Added to the clock's time, a limit that is no limit would overflow.
  } else if (!done_.wait_for(lock, std::min(limit, kLongest), complete)) {
    return TN_NOT_READY;
  }
  return failure_.code == TN_OK ? TN_OK : report(failure_, error);
}

int64_t Record::nanoseconds() const {
  const std::lock_guard lock(mutex_);
  return nanoseconds_;
}

}  // namespace tenon::device
