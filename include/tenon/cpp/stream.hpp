// SPDX-License-Identifier: Apache-2.0
//
// Stream and Event: order and waiting. Nothing here allocates.
#pragma once

#include "tenon/cpp/device.hpp"
#include "tenon/cpp/error.hpp"
#include "tenon/cpp/handle.hpp"
#include "tenon/cpp/tensor.hpp"

namespace tenon {

// A mark in a stream's work.
class Event : public UniqueHandle<tn_event, tn_event_destroy> {
 public:
  using UniqueHandle::UniqueHandle;

  explicit Event(const Device& device, uint32_t flags = 0) {
    const tn_event_desc desc{sizeof(desc), flags, 0};
    call(tn_event_create, device.get(), &desc, &handle_);
  }

  // True when the marked work has finished; throws its failure.
  bool ready() const { return query(tn_event_query, get()); }
  void synchronize() const { call(tn_event_synchronize, get(), nullptr); }
  // The same for so many nanoseconds at most (0: no limit). False when they have passed.
  bool wait_for(int64_t nanoseconds) const {
    const tn_wait_desc desc{sizeof(desc), nanoseconds};
    return query(tn_event_synchronize, get(), &desc);
  }
  // Completes one made with TN_EVENT_HOST, once.
  void signal(tn_status result = TN_OK) const { call(tn_event_signal, get(), result); }

  // Nanoseconds between two complete events made with TN_EVENT_TIMING.
  static int64_t elapsed(const Event& start, const Event& end) {
    int64_t nanoseconds = 0;
    call(tn_event_elapsed, start.get(), end.get(), &nanoseconds);
    return nanoseconds;
  }
};

// A queue of work, in order. One thread at a time.
class Stream : public UniqueHandle<tn_stream, tn_stream_destroy> {
 public:
  using UniqueHandle::UniqueHandle;

  explicit Stream(const Device& device, int32_t priority = 0) {
    const tn_stream_desc desc{sizeof(desc), priority, 0};
    call(tn_stream_create, device.get(), &desc, &handle_);
  }

  void synchronize() const { call(tn_stream_synchronize, get()); }
  // True when all queued work has finished; throws the stream's failure.
  bool ready() const { return query(tn_stream_query, get()); }
  // Waits, forgets the stream's failure and throws it if there was one.
  void reset_failure() const { call(tn_stream_reset, get()); }

  void record(const Event& event) const { call(tn_event_record, event.get(), get(), nullptr); }
  void wait(const Event& event) const { call(tn_stream_wait_event, get(), event.get(), nullptr); }
  void callback(tn_callback function, void* user) const {
    call(tn_stream_callback, get(), function, user);
  }

  void copy(const Buffer& dst, uint64_t dst_offset, const Buffer& src, uint64_t src_offset,
            uint64_t size) const {
    call(tn_stream_copy, get(), dst.get(), dst_offset, src.get(), src_offset, size);
  }
  // `src` is borrowed until the copy has finished.
  void write(const Buffer& dst, uint64_t dst_offset, const void* src, uint64_t size) const {
    call(tn_stream_write, get(), dst.get(), dst_offset, src, size);
  }
  // `dst` is borrowed until the copy has finished.
  void read(void* dst, const Buffer& src, uint64_t src_offset, uint64_t size) const {
    call(tn_stream_read, get(), dst, src.get(), src_offset, size);
  }
  void fill(const Buffer& dst, uint64_t offset, uint64_t size, const void* pattern,
            size_t pattern_size) const {
    call(tn_stream_fill, get(), dst.get(), offset, size, pattern, pattern_size);
  }
  void reorder(const Tensor& dst, const Tensor& src) const {
    call(tn_stream_reorder, get(), dst.get(), src.get());
  }
};

}  // namespace tenon
