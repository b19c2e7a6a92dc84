// SPDX-License-Identifier: Apache-2.0
//
// Copies and fills. The asynchronous ones never answer an error: see state.h.
#include <vector>

#include "device/callbacks.h"
#include "device/state.h"

namespace tenon::tensorflow {
namespace {

// Queues `body` on the stream; a failure is kept.
template <class Body>
void queued(SP_Stream stream, TF_Status* status, Body&& body) noexcept {
  TF_SetStatus(status, TF_OK, "");
  try {
    std::lock_guard lock(stream->mutex);
    body(stream->owner->device(), *stream->stream);
  } catch (...) {
    stream->owner->keep_failure();
  }
}

// Runs `body` on the default stream and waits.
template <class Body>
void blocking(const SP_Device* device, TF_Status* status, Body&& body) noexcept {
  guarded(status, [&] {
    // Copies on the default stream come after what other streams do with the same memory.
    state_of(device).synchronize();
    runtime::ManagedDevice& target = state_of(device).device();
    body(target, target.default_stream());
    target.default_stream().synchronize();
  });
}

void memcpy_dtoh(const SP_Device*, SP_Stream stream, void* host, const SP_DeviceMemoryBase* source,
                 uint64_t size, TF_Status* status) {
  queued(stream, status, [&](runtime::ManagedDevice& device, runtime::Stream& queue) {
    device.copy_to_host(host, source->opaque, size, queue);
  });
}

void memcpy_htod(const SP_Device*, SP_Stream stream, SP_DeviceMemoryBase* target, const void* host,
                 uint64_t size, TF_Status* status) {
  queued(stream, status, [&](runtime::ManagedDevice& device, runtime::Stream& queue) {
    device.copy_to_device(target->opaque, host, size, queue);
  });
}

// From one device to another, through the host. TensorFlow has waited for both streams already.
void copy_across(DeviceState& from, const void* source, DeviceState& to, void* target,
                 uint64_t size) {
  std::vector<char> staging(size);
  runtime::Stream& reading = from.device().default_stream();
  from.wait();
  from.device().copy_to_host(staging.data(), source, size, reading);
  reading.synchronize();
  runtime::Stream& writing = to.device().default_stream();
  to.device().copy_to_device(target, staging.data(), size, writing);
  writing.synchronize();
}

void memcpy_dtod(const SP_Device*, SP_Stream stream, SP_DeviceMemoryBase* target,
                 const SP_DeviceMemoryBase* source, uint64_t size, TF_Status* status) {
  DeviceState& own = *stream->owner;
  if (!own.device().owns(source->opaque) || !own.device().owns(target->opaque)) {
    return guarded(status, [&] {
      copy_across(owner_of(source->opaque), source->opaque, owner_of(target->opaque),
                  target->opaque, size);
    });
  }
  queued(stream, status, [&](runtime::ManagedDevice& device, runtime::Stream& queue) {
    device.copy(target->opaque, source->opaque, size, queue);
  });
}

void sync_memcpy_dtoh(const SP_Device* device, void* host, const SP_DeviceMemoryBase* source,
                      uint64_t size, TF_Status* status) {
  blocking(device, status, [&](runtime::ManagedDevice& target, runtime::Stream& queue) {
    target.copy_to_host(host, source->opaque, size, queue);
  });
}

void sync_memcpy_htod(const SP_Device* device, SP_DeviceMemoryBase* memory, const void* host,
                      uint64_t size, TF_Status* status) {
  blocking(device, status, [&](runtime::ManagedDevice& target, runtime::Stream& queue) {
    target.copy_to_device(memory->opaque, host, size, queue);
  });
}

void sync_memcpy_dtod(const SP_Device* device, SP_DeviceMemoryBase* memory,
                      const SP_DeviceMemoryBase* source, uint64_t size, TF_Status* status) {
  blocking(device, status, [&](runtime::ManagedDevice& target, runtime::Stream& queue) {
    target.copy(memory->opaque, source->opaque, size, queue);
  });
}

template <class Pattern>
void fill(SP_Stream stream, SP_DeviceMemoryBase* location, Pattern pattern, uint64_t size,
          TF_Status* status) {
  queued(stream, status, [&](runtime::ManagedDevice& device, runtime::Stream& queue) {
    device.fill(location->opaque, size, &pattern, sizeof pattern, queue);
  });
}

void mem_zero(const SP_Device*, SP_Stream stream, SP_DeviceMemoryBase* location, uint64_t size,
              TF_Status* status) {
  fill(stream, location, uint8_t{0}, size, status);
}

void memset8(const SP_Device*, SP_Stream stream, SP_DeviceMemoryBase* location, uint8_t pattern,
             uint64_t size, TF_Status* status) {
  fill(stream, location, pattern, size, status);
}

void memset32(const SP_Device*, SP_Stream stream, SP_DeviceMemoryBase* location, uint32_t pattern,
              uint64_t size, TF_Status* status) {
  fill(stream, location, pattern, size, status);
}

}  // namespace

void add_copy_callbacks(SP_StreamExecutor* executor) {
  executor->memcpy_dtoh = memcpy_dtoh;
  executor->memcpy_htod = memcpy_htod;
  executor->memcpy_dtod = memcpy_dtod;
  executor->sync_memcpy_dtoh = sync_memcpy_dtoh;
  executor->sync_memcpy_htod = sync_memcpy_htod;
  executor->sync_memcpy_dtod = sync_memcpy_dtod;
  executor->mem_zero = mem_zero;
  executor->memset = memset8;
  executor->memset32 = memset32;
}

}  // namespace tenon::tensorflow
