// SPDX-License-Identifier: Apache-2.0
#include "devices.h"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>

#include <c10/util/Exception.h>

#include "errors.h"
#include "fallback.h"

namespace tenon::pytorch {
namespace {

constexpr int kPoolSize = 16;  // Streams of each priority.

struct StreamPool {
  std::mutex mutex;
  // Normal priority first. Id 1 + i is slot i.
  std::array<std::unique_ptr<runtime::Stream>, 2 * kPoolSize> streams;
  unsigned next[2] = {0, 0};
};

StreamPool& pool(c10::DeviceIndex index) {
  static auto* pools = new std::array<StreamPool, kMaxDevices>;
  return (*pools)[index];
}

void check_index(c10::DeviceIndex index) {
  const auto count = device_count();
  TORCH_CHECK(index >= 0 && index < count, "tenon:", static_cast<int>(index),
              " does not exist: there ", count == 1 ? "is " : "are ", static_cast<int>(count),
              count == 1 ? " device" : " devices",
              " (TENON_DEVICES chooses them; `tenon doctor` says why one is missing)");
}

}  // namespace

namespace detail {

std::atomic<runtime::ManagedDevice*> opened[kMaxDevices];
thread_local ThreadState thread_state;

runtime::ManagedDevice& open_device(c10::DeviceIndex index) {
  check_index(index);
  return translated([&]() -> runtime::ManagedDevice& {
    runtime::ManagedDevice& found = context().device(static_cast<size_t>(index));
    found.set_fallback_policy(fallback_policy());
    opened[index].store(&found, std::memory_order_release);
    return found;
  });
}

}  // namespace detail

runtime::Context& context() {
  // As PyTorch's CPU: errors for what only the data shows. It keeps subnormal numbers.
  static runtime::Context* made =
      translated([] { return runtime::Context::create({}, TN_KERNEL_CHECK_DATA).release(); });
  return *made;
}

c10::DeviceIndex device_count() noexcept {
  static const c10::DeviceIndex count = [] {
    try {
      return static_cast<c10::DeviceIndex>(std::min<size_t>(context().device_count(), kMaxDevices));
    } catch (const std::exception& error) {
      TORCH_WARN("No tenon devices: ", error.what());
      return c10::DeviceIndex{0};
    }
  }();
  return count;
}

bool is_open(c10::DeviceIndex index) {
  return index >= 0 && index < kMaxDevices && detail::opened[index].load() != nullptr;
}

void set_current_device(c10::DeviceIndex index) {
  check_index(index);
  detail::thread_state.device = index;
}

c10::Stream current_stream_id(c10::DeviceIndex index) {
  return c10::Stream(c10::Stream::UNSAFE, c10::Device(kTenon, index),
                     detail::thread_state.stream_ids[index]);
}

runtime::Stream& stream_of(c10::Stream stream) {
  const auto index = stream.device_index();
  if (stream.id() == 0) return device(index).default_stream();
  check_index(index);
  StreamPool& streams = pool(index);
  std::lock_guard lock(streams.mutex);
  const auto slot = static_cast<size_t>(stream.id() - 1);
  TORCH_CHECK(slot < streams.streams.size() && streams.streams[slot],
              "tenon:", static_cast<int>(index), " has no stream ", stream.id());
  return *streams.streams[slot];
}

c10::Stream exchange_stream(c10::Stream stream) {
  const auto index = stream.device_index();
  check_index(index);
  const c10::Stream previous = current_stream_id(index);
  detail::thread_state.streams[index] = stream.id() == 0 ? nullptr : &stream_of(stream);
  detail::thread_state.stream_ids[index] = stream.id();
  return previous;
}

c10::Stream stream_from_pool(c10::DeviceIndex index, bool high_priority) {
  runtime::ManagedDevice& owner = device(index);
  StreamPool& streams = pool(index);
  size_t slot;
  bool missing;
  {
    std::lock_guard lock(streams.mutex);
    slot = (high_priority ? kPoolSize : 0) + streams.next[high_priority]++ % kPoolSize;
    missing = !streams.streams[slot];
  }
  if (missing) {
    // Made without the lock, which every look-up of a stream takes. Another thread may be faster.
    auto made = translated([&] { return owner.create_stream(high_priority ? 1 : 0); });
    std::lock_guard lock(streams.mutex);
    if (!streams.streams[slot]) streams.streams[slot] = std::move(made);
  }
  return c10::Stream(c10::Stream::UNSAFE, c10::Device(kTenon, index),
                     static_cast<c10::StreamId>(slot + 1));
}

}  // namespace tenon::pytorch
