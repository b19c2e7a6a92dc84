// SPDX-License-Identifier: Apache-2.0
//
// Streams and events of the runtime.
#pragma once

#include <mutex>

#include "runtime/device.h"

namespace tenon::runtime {

class DeviceImpl;

// The ABI wants calls on one stream serialised. Callers do that for theirs, but the pool also
// records events on streams, from whatever thread frees memory: hence the lock around each call.
class StreamImpl final : public Stream {
 public:
  StreamImpl(DeviceImpl& device, tn_stream* handle) : device_(device), handle_(handle) {}
  ~StreamImpl() override;

  tn_stream* handle() const override { return handle_; }
  Device& device() const override;
  void synchronize() override;
  bool query() override;

  std::mutex& mutex() { return mutex_; }

  // call(tn_stream_copy, ...) with the stream as first argument.
  template <class Function, class... Arguments>
  void enqueue(Function function, Arguments... arguments) {
    std::lock_guard lock(mutex_);
    tenon::call(function, handle_, arguments...);
  }

 private:
  void throw_failure();

  DeviceImpl& device_;
  tn_stream* const handle_;
  std::mutex mutex_;
};

class EventImpl final : public Event {
 public:
  explicit EventImpl(tn_event* handle) : handle_(handle) {}
  ~EventImpl() override { tn_event_destroy(handle_); }

  tn_event* handle() const override { return handle_; }
  void record(Stream& stream) override;
  void block(Stream& stream) override;
  bool query() override { return tenon::query(tn_event_query, handle_); }
  void synchronize() override { tenon::call(tn_event_synchronize, handle_, nullptr); }
  double elapsed_ms(const Event& end) const override;

 private:
  tn_event* const handle_;
};

}  // namespace tenon::runtime
