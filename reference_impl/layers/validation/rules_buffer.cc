// SPDX-License-Identifier: Apache-2.0
//
// Buffers: sizes, mapped ranges, and work in flight when they are mapped or go.
#include <algorithm>
#include <optional>
#include <utility>

#include "reference_impl/layers/validation/foreign_memory.h"
#include "reference_impl/layers/validation/new_handle.h"
#include "reference_impl/layers/validation/promises.h"
#include "reference_impl/layers/validation/rules.h"
#include "reference_impl/layers/validation/tensors.h"

namespace tenon::layers::validation::rules {
namespace {

// Larger ones go back to the plugin at once.
constexpr uint64_t kLargestKept = 64 << 10;

// What the plugin calls instead of the host's release.
void TN_CALL run_release(void* token) {
  constexpr const char* kFunction = "tn_buffer_import";
  Promise promise;
  if (!Promises::get().keep(token, kFunction, &promise)) return;
  const auto* buffer = static_cast<const BufferRecord*>(promise.buffer.get());
  if (buffer != nullptr && !buffer->dead && buffer->size != 0) {
    const Validation& layer = *promise.layer;
    layer.report(TN_LOG_ERROR, promise.rule,
                 layer.of_plugin(kFunction, "called the release of " + describe(*buffer) +
                                                ", which has not been destroyed"));
  }
  promise.release(promise.user);
}

// What the kind says is given, and nothing else.
bool check_import(CheckedCall& call, const tn_import_desc& desc) {
  const bool by_pointer = desc.kind == TN_IMPORT_HOST || desc.kind == TN_IMPORT_NATIVE_POINTER ||
                          desc.kind == TN_IMPORT_IPC;
  if (!by_pointer) return true;  // What handles there are only their runtime knows.
  if (desc.size != 0 && !call.needed(desc.pointer, Path("desc->pointer"))) return false;
  if (desc.handle == 0 && desc.offset == 0) return true;
  const char* const field = desc.handle != 0 ? "desc->handle" : "desc->offset";
  call.refuse_at(field, TN_INVALID_ARGUMENT, "TN-import-002",
                 fmt::format("{} is {}, but the memory is given by a pointer", field,
                             desc.handle != 0 ? desc.handle : desc.offset),
                 "leave it 0; add an offset to the pointer");
  return false;
}

// What the plugin tells of a buffer, against what it was made as.
void check_told(CheckedCall& call, const BufferRecord& record, tn_buffer_info* info) {
  const auto* device = dynamic_cast<const DeviceRecord*>(record.device.get());
  const std::string name = describe(record);
  if (info->size != record.size) {
    call.fault("TN-buffer-002", fmt::format("says {} bytes of {}", info->size, name));
    info->size = record.size;
  }
  if (!record.imported && info->kind != record.buffer_kind) {
    call.fault("TN-buffer-002", fmt::format("says kind {} of {}", info->kind, name));
    info->kind = record.buffer_kind;
  }
  if (record.imported != ((info->flags & TN_BUFFER_IMPORTED) != 0)) {
    call.fault("TN-buffer-002", std::string(record.imported ? "does not say" : "says") +
                                    " TN_BUFFER_IMPORTED of " + name);
  }
  if (record.read_only != ((info->flags & TN_BUFFER_READ_ONLY) != 0)) {
    call.fault("TN-import-003", std::string(record.read_only ? "does not say" : "says") +
                                    " TN_BUFFER_READ_ONLY of " + name);
  }
  bool coherent = (info->flags & TN_BUFFER_COHERENT) != 0;
  if (!coherent && !record.imported && record.buffer_kind == TN_BUFFER_HOST_PINNED) {
    call.fault("TN-buffer-003", "does not say TN_BUFFER_COHERENT of pinned memory, " + name);
  }
  if (!coherent && !record.imported && record.buffer_kind == TN_BUFFER_DEVICE &&
      device != nullptr && (device->info.flags & TN_DEVICE_COHERENT) != 0) {
    call.fault("TN-buffer-004", "says TN_DEVICE_COHERENT, but not TN_BUFFER_COHERENT of " + name);
  }
  const bool there =
      is_readable(info->host_pointer, info->host_pointer != nullptr ? record.size : 0);
  if ((record.size != 0 && coherent != (info->host_pointer != nullptr)) || !there) {
    call.fault("TN-buffer-002",
               fmt::format("gives {} as host_pointer of a buffer that is {}coherent, {}",
                           fmt::ptr(info->host_pointer), coherent ? "" : "not ", name));
    info->flags &= ~uint32_t{TN_BUFFER_COHERENT};
    info->host_pointer = nullptr;
  }
  const uint64_t alignment = record.alignment != 0 ? record.alignment
                             : device != nullptr   ? device->info.alignment
                                                   : 0;
  if (info->address != 0 && !record.imported && alignment != 0 && info->address % alignment != 0) {
    call.fault("TN-buffer-005", fmt::format("gives the address {:#x} for {}, no multiple of {}",
                                            info->address, name, alignment));
  }
}

}  // namespace

tn_status buffer_create(CheckedCall& call, tn_device* device, const tn_buffer_desc* desc,
                        tn_buffer** buffer, tn_error* error) {
  tn_buffer_desc known;
  call.read(desc, &known, "tn_buffer_desc", Path("desc"));
  if ((known.alignment & (known.alignment - 1)) != 0) {
    return call.refuse_at("desc->alignment", TN_INVALID_ARGUMENT, "TN-buffer-010",
                          fmt::format("desc->alignment is {}", known.alignment),
                          "give a power of two, or 0 for the device's");
  }
  const auto* owner = dynamic_cast<const DeviceRecord*>(call.device().get());
  if (owner != nullptr && owner->info.max_allocation != 0 &&
      known.size > owner->info.max_allocation) {
    return call.refuse_at("desc->size", TN_OUT_OF_RANGE, "TN-buffer-006",
                          fmt::format("desc->size is {}, the device's max_allocation {}",
                                      known.size, owner->info.max_allocation),
                          "split the buffer");
  }
  const tn_status status = make_handle(
      call, buffer, [&] { return call.below().buffer_create(device, desc, buffer, error); });
  if (status != TN_OK) return status;
  auto record = enter<BufferRecord>(call, *buffer, fmt::format("size {}", known.size));
  record->size = known.size;
  record->buffer_kind = known.kind;
  record->alignment = known.alignment;
  Registry::get().add(std::move(record));
  return status;
}

tn_status buffer_import(CheckedCall& call, tn_device* device, const tn_import_desc* desc,
                        tn_buffer** buffer, tn_error* error) {
  tn_import_desc known;
  call.read(desc, &known, "tn_import_desc", Path("desc"));
  if (!check_import(call, known)) return call.status();
  if (known.size > UINTPTR_MAX - reinterpret_cast<uintptr_t>(known.pointer)) {
    return call.refuse_at("desc->size", TN_INVALID_ARGUMENT, "TN-buffer-011",
                          fmt::format("desc->size is {}, which ends beyond all memory", known.size),
                          "give the bytes that there are");
  }
  void* token = nullptr;
  if (known.release != nullptr) {
    token = Promises::get().make({.function = call.function(),
                                  .rule = "TN-import-001",
                                  .device = call.device(),
                                  .layer = &call.layer(),
                                  .user = known.user,
                                  .release = known.release});
    known.release = run_release;
    known.user = token;
  }
  known.struct_size = sizeof(known);
  const tn_status status = make_handle(
      call, buffer, [&] { return call.below().buffer_import(device, &known, buffer, error); });
  if (status != TN_OK) {
    if (token != nullptr) Promises::get().withdraw(token);  // The host keeps its memory.
    return status;
  }
  auto record = enter<BufferRecord>(call, *buffer, fmt::format("size {}", known.size));
  record->size = known.size;
  record->imported = true;
  record->read_only = (known.flags & TN_IMPORT_READ_ONLY) != 0;
  if (token != nullptr && !Promises::get().set_buffer(token, record) && known.size != 0) {
    call.fault("TN-import-001", "called the release of memory that it has just imported");
  }
  Registry::get().add(std::move(record));
  return status;
}

void buffer_destroy(CheckedCall& call, tn_buffer* buffer, tn_stream* stream) {
  const auto record = call.record<BufferRecord>(buffer);
  if (record == nullptr) return call.below().buffer_destroy(buffer, stream);
  const auto on = call.record<StreamRecord>(stream);
  Validation& layer = call.layer();
  bool loose = false;
  bool mapped = false;
  {
    const std::lock_guard lock(layer.mutex);
    mapped = !record->mapped.empty();
    loose = on != nullptr && std::ranges::any_of(record->uses, [&](const Use& use) {
              return use.work.stream != on->order && !layer.order.ordered(use.work, on->order);
            });
  }
  if (loose) {
    call.warn("TN-lifetime-006",
              describe(*record) + " is used by work of another stream that nothing orders before",
              "wait for an event of that stream on this one, or give NULL for the stream");
  }
  Registry::get().end(*record, call.function());
  // What its going would show is done at once: mappings end, imported and large memory goes back.
  if (mapped || record->imported || record->size > kLargestKept) {
    return call.below().buffer_destroy(buffer, stream);
  }
  layer.keep(record, record->size,
             [below = &layer.below(), buffer] { below->buffer_destroy(buffer, nullptr); });
}

tn_status buffer_map(CheckedCall& call, tn_buffer* buffer, uint64_t offset, uint64_t size,
                     tn_access access, void** pointer, tn_error* error) {
  if (size == 0) {
    return call.refuse_at("size", TN_INVALID_ARGUMENT, "TN-map-010", "size is 0",
                          "map at least one byte");
  }
  constexpr tn_access kUse = TN_ACCESS_READ | TN_ACCESS_WRITE;
  if ((access & kUse) == 0 ||
      ((access & TN_ACCESS_DISCARD) != 0 && (access & kUse) != TN_ACCESS_WRITE)) {
    return call.refuse_at("access", TN_INVALID_ARGUMENT, "TN-map-010",
                          fmt::format("access is {:#x}", access),
                          "give READ, WRITE or both; DISCARD goes with WRITE alone");
  }
  std::vector<Access> ranges;
  if (!locate_range(call, buffer, offset, size, (access & TN_ACCESS_WRITE) != 0, "TN-map-005",
                    "buffer", &ranges)) {
    return call.status();
  }
  const auto record = call.record<BufferRecord>(buffer);
  if (record == nullptr)
    return call.below().buffer_map(buffer, offset, size, access, pointer, error);
  const uint64_t end = offset + size;
  Validation& layer = call.layer();
  bool busy = false;
  std::optional<MappedRange> other;
  {
    // The host's log is called when this lock has gone.
    const std::lock_guard lock(layer.mutex);
    for (const MappedRange& mapped : record->mapped) {
      if (mapped.begin < end && offset < mapped.end) other = mapped;
    }
    busy = std::ranges::any_of(record->uses, [&](const Use& use) {
      return use.exact && use.begin < end && offset < use.end && !layer.order.finished(use.work);
    });
  }
  if (other) {
    return call.refuse_at("offset", TN_INVALID_STATE, "TN-map-004",
                          fmt::format("bytes {} to {} of {} are mapped already", other->begin,
                                      other->end, describe(*record)),
                          "unmap them first, or map disjoint ranges");
  }
  if (busy) {
    call.warn("TN-map-012",
              fmt::format("queued work that uses bytes {} to {} of {} has not been waited for",
                          offset, end, describe(*record)),
              "synchronize the stream or an event behind that work before you map");
  }
  const tn_status status = call.below().buffer_map(buffer, offset, size, access, pointer, error);
  if (status == TN_OK && *pointer != nullptr && !is_readable(*pointer, size)) {
    return call.blame("TN-map-001", fmt::format("mapped {} bytes to {}, where they are not", size,
                                                std::exchange(*pointer, nullptr)));
  }
  if (status == TN_OK && *pointer != nullptr) {
    const std::lock_guard lock(layer.mutex);
    record->mapped.push_back({*pointer, offset, end});
  }
  return status;
}

tn_status buffer_unmap(CheckedCall& call, tn_buffer* buffer, void* pointer, tn_error* error) {
  const auto record = call.record<BufferRecord>(buffer);
  if (record == nullptr) return call.below().buffer_unmap(buffer, pointer, error);
  bool known = false;
  {
    const std::lock_guard lock(call.layer().mutex);
    const auto found = std::ranges::find(record->mapped, pointer, &MappedRange::pointer);
    known = found != record->mapped.end();
    // Before the call below: as soon as that returns, another thread may be given the pointer.
    if (known) record->mapped.erase(found);
  }
  if (!known) {
    return call.refuse_at("pointer", TN_INVALID_ARGUMENT, "TN-map-006",
                          fmt::format("no mapping of {} starts at {}", describe(*record), pointer),
                          "give the pointer that tn_buffer_map gave, once");
  }
  return call.below().buffer_unmap(buffer, pointer, error);
}

tn_status buffer_get_info(CheckedCall& call, tn_buffer* buffer, tn_buffer_info* info,
                          tn_error* error) {
  const tn_status status = call.below().buffer_get_info(buffer, info, error);
  const auto record = call.record<BufferRecord>(buffer);
  if (status != TN_OK || record == nullptr) return status;
  if (!call.is_filled(info, sizeof(*info))) return status;  // Not all of it has been told.
  check_told(call, *record, info);
  return status;
}

}  // namespace tenon::layers::validation::rules
