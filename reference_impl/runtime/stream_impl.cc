// SPDX-License-Identifier: Apache-2.0
#include "runtime/stream_impl.h"

#include "runtime/device_impl.h"

namespace tenon::runtime {

StreamImpl::~StreamImpl() { device_.forget_stream(*this); }

ManagedDevice& StreamImpl::device() const { return device_; }

// The failure is reported once; what is queued from now on runs again.
void DeviceStream::throw_failure() {
  ErrorBuffer error;
  const tn_status status = tn_stream_reset(handle, &error);
  check(status, error);
}

void DeviceStream::synchronize() {
  std::lock_guard lock(mutex);
  ErrorBuffer error;
  const tn_status status = tn_stream_synchronize(handle, &error);
  if (status == TN_OK) return;
  throw_failure();
  check(status, error);
}

bool DeviceStream::query() {
  std::lock_guard lock(mutex);
  ErrorBuffer error;
  const tn_status status = tn_stream_query(handle, &error);
  if (status == TN_NOT_READY) return false;
  if (status == TN_OK) return true;
  throw_failure();
  throw Error(status, error);
}

void EventImpl::record(Stream& stream) {
  auto& impl = static_cast<StreamImpl&>(stream);
  std::lock_guard lock(impl.mutex());
  tenon::call(tn_event_record, handle_, impl.handle(), nullptr);
}

void EventImpl::block(Stream& stream) {
  static_cast<StreamImpl&>(stream).enqueue(tn_stream_wait_event, handle_, nullptr);
}

double EventImpl::elapsed_ms(const Event& end) const {
  int64_t nanoseconds = 0;
  tenon::call(tn_event_elapsed, handle_, end.handle(), &nanoseconds);
  return static_cast<double>(nanoseconds) * 1e-6;
}

}  // namespace tenon::runtime
