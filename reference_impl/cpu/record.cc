// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/record.h"

#include <chrono>

#include "reference_impl/cpu/failure.h"
#include "reference_impl/cpu/stream_core.h"

namespace tenon::cpu {

void Record::complete(const tn_error& failure) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  std::shared_ptr<StreamCore> stream;  // Dropped after the lock.
  const std::lock_guard lock(mutex_);
  complete_ = true;
  failure_ = failure;
  nanoseconds_ = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  stream.swap(stream_);
  done_.notify_all();
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

tn_status Record::wait(tn_error* error) {
  if (const auto behind = stream()) behind->wait(sequence_);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return complete_; });
  return failure_.code == TN_OK ? TN_OK : report(failure_, error);
}

int64_t Record::nanoseconds() const {
  const std::lock_guard lock(mutex_);
  return nanoseconds_;
}

}  // namespace tenon::cpu
