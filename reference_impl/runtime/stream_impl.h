// SPDX-License-Identifier: Apache-2.0
//
// Streams and events of the runtime.
#pragma once

#include <memory>
#include <mutex>

#include "runtime/device.h"

namespace tenon::runtime {

class DeviceImpl;

// A stream of the device, and the lock that serialises the calls on it, as the ABI wants. Callers
// serialise theirs, but the pool also records events on streams, from whatever thread frees memory.
//
// Shared by the Stream that a caller holds, by the blocks of the pool that it has used, and by
// those who wait for all streams: the last one of them destroys it. So nothing needs a lock to keep
// it alive while waiting for it.
struct DeviceStream {
  explicit DeviceStream(tn_stream* stream) : handle(stream) {}
  ~DeviceStream() { tn_stream_destroy(handle); }
  DeviceStream(const DeviceStream&) = delete;
  DeviceStream& operator=(const DeviceStream&) = delete;

  // As Stream::synchronize and Stream::query.
  void synchronize();
  bool query();

  tn_stream* const handle;
  std::mutex mutex;

 private:
  void throw_failure();
};

class StreamImpl final : public Stream {
 public:
  StreamImpl(DeviceImpl& device, tn_stream* handle)
      : device_(device), handle_(handle), shared_(std::make_shared<DeviceStream>(handle)) {}
  ~StreamImpl() override;

  tn_stream* handle() const override { return handle_; }
  ManagedDevice& device() const override;
  void synchronize() override { shared_->synchronize(); }
  bool query() override { return shared_->query(); }

  std::mutex& mutex() { return shared_->mutex; }
  const std::shared_ptr<DeviceStream>& shared() const { return shared_; }

  // call(tn_stream_copy, ...) with the stream as first argument.
  template <class Function, class... Arguments>
  void enqueue(Function function, Arguments... arguments) {
    std::lock_guard lock(mutex());
    tenon::call(function, handle_, arguments...);
  }

 private:
  DeviceImpl& device_;
  tn_stream* const handle_;
  const std::shared_ptr<DeviceStream> shared_;
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
