// SPDX-License-Identifier: Apache-2.0
//
// tenon:0, tenon:1, ...: the runtime's devices and streams by torch's indices, and which of them
// are current on this thread.
#pragma once

#include <atomic>

#include <c10/core/Device.h>
#include <c10/core/Stream.h>

#include "runtime/context.h"

namespace tenon::pytorch {

inline constexpr c10::DeviceType kTenon = c10::DeviceType::PrivateUse1;
// Bounds the tables that the hot paths index without a lock.
inline constexpr int kMaxDevices = 16;

// Made on first use and never destroyed: tensors may outlive every static object.
runtime::Context& context();

// Devices of the process, at most kMaxDevices; opens none and never throws: 0 when listing failed.
c10::DeviceIndex device_count() noexcept;

namespace detail {
extern std::atomic<runtime::ManagedDevice*> opened[kMaxDevices];
runtime::ManagedDevice& open_device(c10::DeviceIndex index);

struct ThreadState {
  c10::DeviceIndex device = 0;
  c10::StreamId stream_ids[kMaxDevices] = {};
  runtime::Stream* streams[kMaxDevices] = {};  // Null: the default stream.
};
extern thread_local ThreadState thread_state;
}  // namespace detail

// The device with that index, opened on first use.
inline runtime::ManagedDevice& device(c10::DeviceIndex index) {
  if (static_cast<unsigned>(index) < kMaxDevices) [[likely]] {
    if (auto* found = detail::opened[index].load(std::memory_order_acquire)) [[likely]]
      return *found;
  }
  return detail::open_device(index);
}
bool is_open(c10::DeviceIndex index);

inline c10::DeviceIndex current_device() { return detail::thread_state.device; }
void set_current_device(c10::DeviceIndex index);
// -1 stands for the current one.
inline c10::DeviceIndex index_or_current(c10::DeviceIndex index) {
  return index < 0 ? current_device() : index;
}

// Streams: id 0 is a device's default stream, the others come from a pool that is handed out in
// turn and never shrinks, because memory that is still queued may name them.
inline runtime::Stream& current_stream(c10::DeviceIndex index) {
  if (auto* stream = detail::thread_state.streams[index]) return *stream;
  return device(index).default_stream();
}
c10::Stream current_stream_id(c10::DeviceIndex index);
c10::Stream exchange_stream(c10::Stream stream);
c10::Stream stream_from_pool(c10::DeviceIndex index, bool high_priority);
runtime::Stream& stream_of(c10::Stream stream);

}  // namespace tenon::pytorch
