// SPDX-License-Identifier: Apache-2.0
//
// Faults of memory, streams and events.
#include "conformance/accelerator/faulty_calls.h"

#include <cstring>
#include <vector>

namespace tenon::accelerator {
namespace {

tn_device* device_of(void* handle) {
  return plugin::handle_of<tn_device>(plugin::object_of<device::DeviceObject>(handle)->device);
}

// The next owner of the memory writes into it while queued work still uses it.
void TN_CALL buffer_destroy(tn_buffer* buffer, tn_stream* stream) {
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  if (buffer != nullptr && core().buffer_get_info(buffer, &info, nullptr) == TN_OK) {
    const bool pinned = info.kind == TN_BUFFER_HOST_PINNED;
    const Fault fault =
        pinned ? Fault::pinned_memory_freed_at_once : Fault::memory_reused_before_the_queue_is_done;
    if (broken(buffer, fault) && (info.flags & TN_BUFFER_IMPORTED) == 0 && info.size != 0) {
      const std::vector<std::byte> garbage(info.size, std::byte{0xdd});
      machine_of(buffer).write(reinterpret_cast<std::byte*>(info.address), garbage.data(),
                               info.size);
    }
  }
  core().buffer_destroy(buffer, stream);
}

tn_status TN_CALL get_memory(tn_device* device, tn_memory_info* info, tn_error* error) {
  const tn_status status = core().device_get_memory(device, info, error);
  if (status != TN_OK || info->struct_size < sizeof(*info)) return status;
  if (broken(device, Fault::peak_is_what_is_live)) {
    info->peak_bytes = info->live_bytes + info->deferred_bytes;
  }
  if (broken(device, Fault::live_bytes_never_fall)) info->live_bytes = info->peak_bytes;
  return status;
}

// A wait does nothing on a stream without work.
tn_status TN_CALL wait_event(tn_stream* stream, tn_event* event, const tn_wait_desc* desc,
                             tn_error* error) {
  if (broken(stream, Fault::wait_on_an_idle_stream) && event != nullptr &&
      core().stream_query(stream, nullptr) == TN_OK) {
    return TN_OK;
  }
  return core().stream_wait_event(stream, event, desc, error);
}

tn_status TN_CALL query(tn_stream* stream, tn_error* error) {
  if (broken(stream, Fault::query_always_done)) return TN_OK;
  return core().stream_query(stream, error);
}

// An event marks what the processor has been told, not what has been done.
tn_status TN_CALL record(tn_event* event, tn_stream* stream, const tn_record_desc* desc,
                         tn_error* error) {
  if (!broken(stream, Fault::event_before_the_work)) {
    return core().event_record(event, stream, desc, error);
  }
  tn_stream* idle = nullptr;
  const tn_status made = core().stream_create(device_of(stream), nullptr, &idle, error);
  if (made != TN_OK) return made;
  const tn_status status = core().event_record(event, idle, desc, error);
  core().stream_synchronize(idle, nullptr);
  core().stream_destroy(idle);
  return status;
}

// A long read does not wait for its turn.
tn_status TN_CALL read(tn_stream* stream, void* dst, tn_buffer* src, uint64_t offset, uint64_t size,
                       tn_error* error) {
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  if (size >= 4096 && broken(stream, Fault::long_reads_overtake) && src != nullptr &&
      dst != nullptr && core().buffer_get_info(src, &info, nullptr) == TN_OK &&
      offset <= info.size && size <= info.size - offset) {
    machine_of(stream).read(dst, reinterpret_cast<const std::byte*>(info.address + offset), size);
    return TN_OK;
  }
  return core().stream_read(stream, dst, src, offset, size, error);
}

// Calls back when the work is queued.
tn_status TN_CALL callback(tn_stream* stream, tn_callback function, void* user, tn_error* error) {
  if (!broken(stream, Fault::callback_before_the_work) || function == nullptr) {
    return core().stream_callback(stream, function, user, error);
  }
  tn_stream* idle = nullptr;
  const tn_status made = core().stream_create(device_of(stream), nullptr, &idle, error);
  if (made != TN_OK) return made;
  const tn_status status = core().stream_callback(idle, function, user, error);
  core().stream_synchronize(idle, nullptr);
  core().stream_destroy(idle);
  return status;
}

}  // namespace

void add_faulty_calls(tn_dispatch& table) {
  table.buffer_destroy = buffer_destroy;
  table.device_get_memory = get_memory;
  table.stream_wait_event = wait_event;
  table.stream_query = query;
  table.event_record = record;
  table.stream_read = read;
  table.stream_callback = callback;
  add_faulty_kernel_calls(table);
}

}  // namespace tenon::accelerator
